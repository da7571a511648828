/** The words of the window: ICU messages by key, in the language that the settings or the system name. */
import { type JSX, type ReactNode, useCallback, useEffect, useState } from 'react';
import { IntlProvider, useIntl } from 'react-intl';
import { useApp } from '../bridge/app-state.ts';
import en from './en.json';

export type MessageKey = keyof typeof en;
export type Catalogue = Readonly<Record<MessageKey, string>>;
export type Values = Readonly<Record<string, string | number | boolean>>;
export type Text = (key: MessageKey, values?: Values) => string;

export const LANGUAGE_NAMES = { en: 'English', de: 'Deutsch', ar: 'العربية' } as const;
export type Language = keyof typeof LANGUAGE_NAMES;

const RIGHT_TO_LEFT: readonly Language[] = ['ar'];

/** English is always there; the others come when they are wanted. */
const LOADERS: Readonly<Record<Language, () => Promise<Catalogue>>> = {
  en: async () => en,
  de: async () => (await import('./de.json')).default,
  ar: async () => (await import('./ar.json')).default,
};

const isLanguage = (text: string): text is Language => Object.hasOwn(LANGUAGE_NAMES, text);

export function chooseLanguage(setting: string, locale: string | undefined): Language {
  if (isLanguage(setting)) return setting;
  const own = (locale ?? '').split('-')[0] ?? '';
  return isLanguage(own) ? own : 'en';
}

/** The system's own region decides how dates and numbers look, where its language is the one shown. */
const regional = (language: Language, locale: string | undefined): string =>
  locale?.startsWith(`${language}-`) ? locale : language;

interface Loaded {
  readonly language: Language;
  readonly messages: Catalogue;
}

export function Words({ children }: { readonly children: ReactNode }): JSX.Element | null {
  const setting = useApp((s) => s.settings.language);
  const locale = useApp((s) => s.about?.locale);
  const language = chooseLanguage(setting, locale);
  const [loaded, setLoaded] = useState<Loaded | undefined>(
    language === 'en' ? { language, messages: en } : undefined,
  );
  useEffect(() => {
    let wanted = true;
    void LOADERS[language]().then((messages) => {
      if (wanted) setLoaded({ language, messages });
    });
    return () => {
      wanted = false;
    };
  }, [language]);
  useEffect(() => {
    if (!loaded) return;
    document.documentElement.lang = loaded.language;
    document.documentElement.dir = RIGHT_TO_LEFT.includes(loaded.language) ? 'rtl' : 'ltr';
  }, [loaded]);
  if (!loaded) return null;
  return (
    <IntlProvider
      locale={regional(loaded.language, locale)}
      messages={loaded.messages as Record<string, string>}
    >
      {children}
    </IntlProvider>
  );
}

export function useText(): Text {
  const intl = useIntl();
  return useCallback((key, values) => intl.formatMessage({ id: key }, { ...values }), [intl]);
}
