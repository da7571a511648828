/** The tray's mark, one arch with a different mouth for each state, so that the shape says what the colour says. */
export const TRAY_COLOURS = ['grey', 'orange', 'green', 'red', 'error'];

/** Of macOS's template images: the system takes the alpha alone. */
export const TEMPLATE_INK = '#000000';

const INK = {
  grey: '#87949a',
  orange: '#f08c00',
  green: '#2fa84f',
  red: '#e8443a',
  error: '#d6336c',
};

/** Open; a dot on its way; flowing, that is full; a bar across; an exclamation mark. */
const MOUTH = {
  grey: '',
  orange: '<circle cx="11" cy="14.2" r="2.1"/>',
  green: '<path d="M7 19v-6a4 4 0 0 1 8 0v6z"/>',
  red: '<rect x="6.8" y="13" width="8.4" height="2.6" rx="1"/>',
  error: '<rect x="9.8" y="9.6" width="2.4" height="5.6" rx="1.2"/><circle cx="11" cy="17.6" r="1.5"/>',
};

const ARCH = 'M1.5 20v-7.5a9.5 9.5 0 0 1 19 0V20h-3.4v-7.3a6.1 6.1 0 0 0-12.2 0V20z';

export const traySvg = (colour, ink = INK[colour]) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22"><title>Culvert, ${colour}</title><g fill="${ink}"><path d="${ARCH}"/>${MOUTH[colour]}</g></svg>\n`;
