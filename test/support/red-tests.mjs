/** A reporter that writes the name of each outermost test that failed, a line each. */
export default async function* redTests(events) {
  const names = new Set();
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.nesting === 0) names.add(data.name);
  }
  for (const name of names) yield `${name}\n`;
}
