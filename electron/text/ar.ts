/** Arabic. Names are isolated, so that a Latin name does not turn the sentence around (UAX #9). */
import type { Texts } from './texts.ts';

const isolate = (name: string): string => `\u2068${name}\u2069`;

export const ar: Texts = {
  engineNotRunning: 'خدمة Culvert لا تعمل',
  engineRefused: 'لا يمكن استخدام خدمة Culvert',
  engineConnecting: 'جارٍ البحث عن الخدمة…',
  notConnected: 'غير متصل',
  connected: (names) => `متصل: ${isolate(names)}`,
  connecting: (names) => `جارٍ الاتصال: ${isolate(names)}`,
  disconnecting: (names) => `جارٍ قطع الاتصال: ${isolate(names)}`,
  failed: (names) => `فشل الاتصال: ${isolate(names)}`,
  lost: (name) => `انقطع الاتصال: ${isolate(name)}`,
  connect: (name) => `الاتصال بـ ${isolate(name)}`,
  disconnect: (name) => `قطع الاتصال بـ ${isolate(name)}`,
  answer: (name) => `لدى ${isolate(name)} سؤال…`,
  more: 'المزيد',
  open: 'فتح Culvert',
  settings: 'الإعدادات…',
  importProfile: 'استيراد ملف تعريف…',
  offers: {
    install: 'تثبيت الخدمة…',
    enable: 'تفعيل الخدمة…',
    start: 'تشغيل الخدمة…',
  },
  notStarted: 'لم يتم تشغيل الخدمة',
  quit: 'إنهاء',
  actionNeeded: (name) => `${isolate(name)} في انتظارك`,
  certificateExpires: (name, date) => `شهادة ${isolate(name)} صالحة حتى ${isolate(date)}`,
  certificateExpired: (name, date) => `انتهت صلاحية شهادة ${isolate(name)} في ${isolate(date)}`,
  renewCertificate: 'اطلب شهادة جديدة من المسؤول.',
  cannotOpen: 'لا يمكن فتح هذا الملف',
  profileFiles: 'ملفات التعريف والشهادات',
  allFiles: 'كل الملفات',
};
