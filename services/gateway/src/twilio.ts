import { createHmac } from 'node:crypto';

/**
 * Twilio's signature: base64 of HMAC-SHA1, under the account's token, of the URL that was called, followed by the
 * form's names and values, sorted by name. See https://www.twilio.com/docs/usage/security.
 */

/** What may be right for one secret: Twilio signs the URL with the port in some products, and without in others. */
export function twilioSignatures(secret: string, url: string, form: URLSearchParams | null): string[] {
  const fields = form === null ? '' : formText(form);
  return urlsOf(url).map((one) => createHmac('sha1', secret).update(`${one}${fields}`, 'utf8').digest('base64'));
}

/** Of a name that comes twice, each value once, in order. */
function formText(form: URLSearchParams): string {
  const names = [...new Set(form.keys())].sort();
  return names
    .map((name) =>
      [...new Set(form.getAll(name))]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('');
}

const URL_PARTS = /^(https?):\/\/((?:[^/?#@]*@)?)([^/?#:[\]]+|\[[^\]]*\])(:\d+)?(.*)$/i;

function urlsOf(url: string): string[] {
  const [, scheme = '', user = '', host = '', port, rest = ''] = URL_PARTS.exec(url) ?? [];
  if (scheme === '') return [url];
  const usual = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  return [`${scheme}://${user}${host}${rest}`, `${scheme}://${user}${host}${port ?? usual}${rest}`];
}
