/** Why what is shown is old, a part, or not there: what happened, and what helps. */

export const WHYS_EN = {
  'why.no-answer':
    'The console does not answer. This page goes on trying; see whether it runs, and whether it is reached from here.',
  'why.foreign-answer': 'Something else answers in place of the console: see the proxy in between.',
  'why.no-key': 'The console asks for the key of your tenant.',
  'why.wrong-key': 'Nobody has this key: ask whoever runs the console for the one of your tenant.',
  'why.foreign-tenant': "The address asks for another tenant than the key's.",
  'why.too-many': 'Too many pages are open at this console: close some, or open another console.',
  'why.starting': 'The console is starting, and reads what there is: its /readyz?verbose says what is missing.',
  'why.bad-query': 'The console cannot read the address of this page: correct it.',
  'why.internal': 'The console has a fault: its log says which.',
  'why.other': 'The console refuses.',
  'why.data-away': 'What the console reads is away: its /readyz?verbose says what.',
  'why.behind': 'What the log took since is not folded yet: see whether the projector runs and keeps up.',
  'why.subjects-full': 'There are more live calls, chats and agents than the console holds.',
  'why.records-reading': "Today's records are still being read: figures and lists are of those read so far.",
  'why.records-away': 'Records cannot be read: figures and lists are as they were. /readyz?verbose says why.',
  'why.records-full': 'There are more records than the console holds: figures and lists are of a part.',
  'why.lists-old': 'The lists could not be read again: they are as they were.',
};

export const WHYS_RU: Readonly<Record<keyof typeof WHYS_EN, string>> = {
  'why.no-answer': 'Консоль не отвечает. Страница продолжает попытки; проверьте, запущена ли она и доступна ли отсюда.',
  'why.foreign-answer': 'Вместо консоли отвечает что-то другое: проверьте прокси между ними.',
  'why.no-key': 'Консоль просит ключ вашего арендатора.',
  'why.wrong-key': 'Такого ключа нет ни у кого: попросите ключ арендатора у того, кто ведёт консоль.',
  'why.foreign-tenant': 'В адресе другой арендатор, не тот, чей ключ.',
  'why.too-many': 'У этой консоли открыто слишком много страниц: закройте часть или откройте другую консоль.',
  'why.starting': 'Консоль запускается и читает данные: чего не хватает, скажет её /readyz?verbose.',
  'why.bad-query': 'Консоль не может прочесть адрес этой страницы: исправьте его.',
  'why.internal': 'Сбой консоли: какой, скажет её журнал.',
  'why.other': 'Консоль отказывает.',
  'why.data-away': 'То, что читает консоль, недоступно: что именно, скажет её /readyz?verbose.',
  'why.behind': 'Новое в журнале ещё не обработано: проверьте, запущен ли проектор и успевает ли он.',
  'why.subjects-full': 'Живых звонков, чатов и операторов больше, чем консоль держит.',
  'why.records-reading': 'Записи за сегодня ещё читаются: показатели и списки только по прочитанным.',
  'why.records-away': 'Записи не читаются: показатели и списки прежние. Почему, скажет /readyz?verbose.',
  'why.records-full': 'Записей больше, чем консоль держит: показатели и списки неполные.',
  'why.lists-old': 'Списки не удалось прочесть снова: они прежние.',
};
