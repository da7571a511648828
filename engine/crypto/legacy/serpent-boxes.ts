/**
 * The S-boxes of Serpent and their inverses on 32 columns at once: the algebraic normal forms of the tables in the
 * submission (Anderson, Biham, Knudsen 1998, appendix A.1), so that no look-up depends on data. Word i holds bit i of
 * every column.
 */

function box0(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const abc = ab & c;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(a ^ c ^ d ^ ab ^ ac ^ bc ^ abc ^ acd ^ bcd);
  s[1] = ~(a ^ ac ^ bc ^ bd ^ abc ^ acd ^ bcd);
  s[2] = b ^ d ^ ab ^ ac ^ bd ^ abc ^ bcd;
  s[3] = a ^ b ^ c ^ d ^ ad;
}

function box1(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(a ^ b ^ ad ^ bc ^ cd ^ acd ^ bcd);
  s[1] = ~(a ^ c ^ d ^ ab ^ ac ^ bd ^ abd ^ acd ^ bcd);
  s[2] = ~(b ^ c ^ d ^ ab);
  s[3] = ~(b ^ d ^ ac ^ ad ^ abd ^ acd ^ bcd);
}

function box2(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  s[0] = b ^ c ^ d ^ ac;
  s[1] = a ^ b ^ c ^ ad ^ bc ^ cd ^ abc ^ abd ^ acd;
  s[2] = a ^ b ^ d ^ bc ^ bd ^ cd ^ abd ^ acd;
  s[3] = ~(a ^ b ^ c ^ bd ^ abc);
}

function box3(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = a ^ b ^ d ^ ad ^ bc ^ cd ^ acd ^ bcd;
  s[1] = a ^ b ^ ac ^ ad ^ cd ^ abd ^ acd;
  s[2] = a ^ c ^ d ^ ab ^ bd ^ abc ^ abd;
  s[3] = a ^ b ^ c ^ d ^ ab ^ ac ^ cd ^ abc ^ acd;
}

function box4(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(b ^ c ^ d ^ ab ^ ad ^ bd);
  s[1] = a ^ d ^ ac ^ bc ^ bd ^ cd ^ acd ^ bcd;
  s[2] = a ^ c ^ ab ^ bc ^ bd ^ cd ^ abc ^ abd ^ bcd;
  s[3] = a ^ b ^ c ^ ad ^ bc ^ bd ^ abd;
}

function box5(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(b ^ c ^ d ^ ab ^ ad ^ bd);
  s[1] = ~(a ^ c ^ d ^ ab ^ bd ^ cd ^ abd);
  s[2] = ~(b ^ d ^ ac ^ cd ^ abd ^ acd ^ bcd);
  s[3] = ~(a ^ b ^ c ^ d ^ ad ^ abc ^ acd);
}

function box6(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const bcd = bc & d;
  s[0] = ~(a ^ b ^ c ^ d ^ ac ^ bc ^ abc ^ abd ^ bcd);
  s[1] = ~(b ^ c ^ ad);
  s[2] = ~(a ^ c ^ ab ^ bc ^ bd ^ cd ^ abc ^ abd ^ bcd);
  s[3] = b ^ c ^ d ^ ab ^ ac ^ cd ^ abc ^ bcd;
}

function box7(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(c ^ ab ^ ad ^ bd ^ cd ^ acd ^ bcd);
  s[1] = b ^ c ^ d ^ ab ^ ac ^ ad ^ bc ^ abd ^ acd;
  s[2] = a ^ b ^ c ^ d ^ ad ^ bd ^ abc ^ abd ^ bcd;
  s[3] = a ^ b ^ c ^ ac ^ ad ^ abc;
}

function inverse0(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(c ^ ab ^ ad ^ bc ^ bd ^ cd ^ abd ^ acd ^ bcd);
  s[1] = a ^ b ^ c ^ ac ^ bd ^ acd ^ bcd;
  s[2] = ~(a ^ b ^ c ^ d ^ ab);
  s[3] = ~(a ^ d ^ bc ^ cd ^ abd ^ acd ^ bcd);
}

function inverse1(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const abc = ab & c;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(a ^ b ^ ab ^ bd ^ abc ^ acd ^ bcd);
  s[1] = b ^ c ^ d ^ ad ^ bd ^ abc ^ acd ^ bcd;
  s[2] = ~(a ^ b ^ d ^ ac ^ bc ^ abc ^ acd);
  s[3] = a ^ c ^ d ^ bd;
}

function inverse2(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  s[0] = a ^ b ^ c ^ bc ^ bd;
  s[1] = b ^ c ^ ab ^ ad ^ cd ^ abd ^ acd;
  s[2] = ~(a ^ c ^ d ^ ab ^ ad ^ bd ^ abd ^ acd);
  s[3] = ~(d ^ ab ^ bc ^ abc ^ acd);
}

function inverse3(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = a ^ c ^ d ^ ad ^ bc ^ bd ^ bcd;
  s[1] = b ^ c ^ d ^ ad ^ bc ^ abc ^ acd ^ bcd;
  s[2] = ab ^ ac ^ ad ^ bc ^ bd ^ cd ^ abd ^ acd;
  s[3] = a ^ b ^ c ^ ac ^ ad ^ cd ^ abc ^ abd;
}

function inverse4(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  s[0] = ~(a ^ b ^ c ^ d ^ ad ^ cd ^ abd ^ acd);
  s[1] = c ^ d ^ ab ^ ac ^ ad ^ acd;
  s[2] = ~(a ^ b ^ c ^ d ^ ab ^ ac ^ bd ^ abc ^ abd);
  s[3] = b ^ c ^ ab ^ ad ^ cd ^ abd;
}

function inverse5(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  s[0] = a ^ d ^ bc ^ abd;
  s[1] = a ^ b ^ d ^ ac ^ ad ^ bc ^ abc ^ abd;
  s[2] = a ^ c ^ ab ^ bd ^ abd ^ acd;
  s[3] = ~(b ^ c ^ ab ^ ad ^ abc);
}

function inverse6(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const bcd = bc & d;
  s[0] = ~(a ^ d ^ ab ^ ac ^ bc ^ abc ^ abd ^ bcd);
  s[1] = ~(b ^ c ^ d ^ ac);
  s[2] = ~(a ^ b ^ bc ^ bd ^ cd ^ abd ^ bcd);
  s[3] = ~(b ^ c ^ d ^ ab ^ ad ^ bc ^ cd ^ abc ^ abd ^ bcd);
}

function inverse7(s: Int32Array): void {
  const a = s[0] as number;
  const b = s[1] as number;
  const c = s[2] as number;
  const d = s[3] as number;
  const ab = a & b;
  const ac = a & c;
  const ad = a & d;
  const bc = b & c;
  const bd = b & d;
  const cd = c & d;
  const abc = ab & c;
  const abd = ab & d;
  const acd = ac & d;
  const bcd = bc & d;
  s[0] = ~(a ^ b ^ bc ^ bd ^ cd ^ abd ^ bcd);
  s[1] = ~(a ^ c ^ d ^ ad ^ bc ^ bd ^ acd ^ bcd);
  s[2] = b ^ d ^ ac ^ cd ^ abd ^ acd;
  s[3] = c ^ ab ^ ad ^ bd ^ abc ^ abd;
}

export const SERPENT_BOXES: readonly ((s: Int32Array) => void)[] = [
  box0,
  box1,
  box2,
  box3,
  box4,
  box5,
  box6,
  box7,
];

export const SERPENT_INVERSES: readonly ((s: Int32Array) => void)[] = [
  inverse0,
  inverse1,
  inverse2,
  inverse3,
  inverse4,
  inverse5,
  inverse6,
  inverse7,
];
