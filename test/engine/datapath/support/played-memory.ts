/** Memory at addresses, for system calls that are played: what the code under test has laid out, read from outside. */
import koffi from 'koffi';

export const octetsAt = (at: number, length: number): Uint8Array =>
  length === 0
    ? new Uint8Array(0)
    : Uint8Array.from(koffi.decode(at, koffi.array('uint8', length)) as Uint8Array);

export const put = (at: number, octets: Uint8Array): void => {
  if (octets.length > 0) koffi.encode(at, koffi.array('uint8', octets.length), octets);
};

export const fieldsAt = (at: number, length: number): DataView =>
  new DataView(octetsAt(at, length).buffer as ArrayBuffer);

export const pointerIn = (fields: DataView, at: number): number => Number(fields.getBigUint64(at, true));

/** Control messages, whose header has `width` octets for its length and whose next begins at a multiple of `align`. */
export interface ControlForm {
  readonly width: 4 | 8;
  readonly align: 4 | 8;
}

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

const upTo = (length: number, align: number): number => (length + align - 1) & ~(align - 1);

export function readMessages(octets: Uint8Array, { width, align }: ControlForm): ControlMessage[] {
  const fields = new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
  const messages: ControlMessage[] = [];
  for (let at = 0; at < octets.length; ) {
    const whole = fields.getUint32(at, true);
    const header = width + 8;
    if (whole < header || at + whole > octets.length) throw new Error(`a control message of ${whole} octets`);
    messages.push({
      level: fields.getInt32(at + width, true),
      type: fields.getInt32(at + width + 4, true),
      data: octets.slice(at + header, at + whole),
    });
    at += upTo(whole, align);
  }
  return messages;
}

export function writeMessages(
  messages: readonly ControlMessage[],
  { width, align }: ControlForm,
): Uint8Array {
  const parts = messages.map(({ level, type, data }) => {
    const header = width + 8;
    const part = new Uint8Array(upTo(header + data.length, align));
    const fields = new DataView(part.buffer);
    fields.setUint32(0, header + data.length, true);
    fields.setInt32(width, level, true);
    fields.setInt32(width + 4, type, true);
    part.set(data, header);
    return part;
  });
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

export const int = (value: number): Uint8Array => {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setInt32(0, value, true);
  return octets;
};

export const readInt = (octets: Uint8Array): number =>
  new DataView(octets.buffer, octets.byteOffset, octets.byteLength).getInt32(0, true);
