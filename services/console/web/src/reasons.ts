import type { CallOutcome } from '@callfold/schemas';
import type { Language } from './words.ts';

/** Why a call ended, and whose fault it was, in the words of people. English has them as they are. */

const REASONS: Readonly<Record<CallOutcome['reason'], string>> = {
  'customer-ended': 'завершил клиент',
  'agent-ended': 'завершил оператор',
  'call-ended': 'звонок завершён',
  'no-answer': 'нет ответа',
  voicemail: 'голосовая почта',
  'never-queued': 'не дошёл до очереди',
  'message-delivered': 'сообщение передано',
  transferred: 'переведён',
  'max-duration': 'предельная длительность',
  silence: 'тишина',
  'transfer-failed': 'перевод не удался',
  'line-busy': 'линия занята',
  'invalid-number': 'неверный номер',
  'no-incoming-call': 'нет входящего звонка',
  'hook-while-ringing': 'сработало правило до ответа',
  cancelled: 'отменён',
  'agent-failed': 'сбой агента ИИ',
  'no-audio': 'нет звука',
  'connection-lost': 'связь потеряна',
  'dial-failed': 'не удалось набрать',
  'start-failed': 'не удалось начать',
  'limit-reached': 'достигнут лимит',
  'system-error': 'ошибка системы',
  'ai-service-error': 'ошибка сервиса ИИ',
  'no-ai-model': 'нет модели ИИ',
  unknown: 'неизвестно',
};

const FAULTS: Readonly<Record<NonNullable<CallOutcome['fault']>, string>> = {
  agent: 'агент',
  customer: 'клиент',
  provider: 'провайдер',
  platform: 'платформа',
  configuration: 'настройка',
};

export function reasonText(reason: CallOutcome['reason'], language: Language): string {
  return language === 'ru' ? REASONS[reason] : reason.replaceAll('-', ' ');
}

export function faultText(fault: CallOutcome['fault'], language: Language): string {
  if (fault === null) return '–';
  return language === 'ru' ? FAULTS[fault] : fault;
}
