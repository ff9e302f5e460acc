// 2^x to the last bit as Go computes it: by the polynomial of FreeBSD's e_exp.c (fdlibm). JavaScript's 2 ** x is as exact
// but rounds other values otherwise; where a percentile falls on a bucket's very edge that last bit decides, and then
// our recommendation would be a bucket away from upstream's.

const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;
const P1 = 1.66666666666666657415e-1;
const P2 = -2.77777777770155933842e-3;
const P3 = 6.61375632143793436117e-5;
const P4 = -1.6533902205465251539e-6;
const P5 = 4.13813679705723846039e-8;

/** For exponents of which the result is neither infinite nor subnormal. */
export function exp2(exponent: number): number {
  const whole = Math.trunc(exponent > 0 ? exponent + 0.5 : exponent - 0.5);
  const rest = exponent - whole;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c = r - t * (P1 + t * (P2 + t * (P3 + t * (P4 + t * P5))));
  const fraction = 1 - (low - (r * c) / (2 - c) - high);
  return fraction * 2 ** whole;
}
