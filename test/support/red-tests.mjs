/** A reporter that writes each outermost test that failed, a line each: its name, a tab, the file that registered it. */
export default async function* redTests(events) {
  const lines = new Set();
  for await (const { type, data } of events) {
    if (type === 'test:fail' && data.nesting === 0) lines.add(`${data.name}\t${data.file ?? ''}`);
  }
  for (const line of lines) yield `${line}\n`;
}
