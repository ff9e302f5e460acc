// What each app of a proxy may use right now of one resource, CPU or memory, given what it is guaranteed and capped at.
//   limit(app) = min(cap, guaranteed + lent)
// Nobody is ever limited below what it is guaranteed, so that a lender has its own back the moment it needs it; what is
// taken back comes from the borrowers, at the next call. Lent is what those without need leave of their guarantees, and
// what the proxy has beyond all guarantees; it goes to those in need in proportion to their guarantees.

import type { AppName } from "#model/brand.ts";

export interface ShareClaim {
  readonly app: AppName;
  readonly guaranteed: number;
  /** At least what is guaranteed; no cap is above what the proxy has. */
  readonly cap: number;
  /** What it uses now. */
  readonly used: number;
  /** It would use more if it could. */
  readonly isInNeed: boolean;
}

/** A lender keeps this much beside what it uses, so that ordinary variation does not wait for the next call. */
const LENDER_RESERVE = 0.25;

/** @param least that an instance works with at all; nobody is limited below it, or below its cap if that is less. */
export function arbitrate(claims: readonly ShareClaim[], least: number): ReadonlyMap<AppName, number> {
  const guarantees = claims.reduce((sum, { guaranteed }) => sum + guaranteed, 0);
  // The largest cap is all that the proxy has beside its own base, unless every app has a quota below that.
  const pool = Math.max(guarantees, ...claims.map(({ cap }) => cap));
  const needed = claims.reduce((sum, claim) => sum + reserved(claim), 0);
  const lent = lend(
    claims.filter(({ isInNeed }) => isInNeed),
    Math.max(0, pool - needed),
  );
  return new Map(
    claims.map(({ app, guaranteed, cap }) => {
      const limit = Math.min(cap, guaranteed + (lent.get(app) ?? 0));
      return [app, Math.max(limit, Math.min(least, Math.max(cap, 1)))];
    }),
  );
}

function reserved({ guaranteed, used, isInNeed }: ShareClaim): number {
  return isInNeed ? guaranteed : Math.min(guaranteed, used * (1 + LENDER_RESERVE));
}

/** Water filling: whoever is full at its cap leaves the rest to the others. */
function lend(needy: readonly ShareClaim[], spare: number): ReadonlyMap<AppName, number> {
  const lent = new Map<AppName, number>();
  let waiting = needy;
  let left = spare;
  while (waiting.length > 0 && left > 0) {
    const weights = waiting.reduce((sum, claim) => sum + weight(claim), 0);
    const part = (claim: ShareClaim): number => (left * weight(claim)) / weights;
    const full = waiting.filter((claim) => part(claim) >= claim.cap - claim.guaranteed);
    if (full.length === 0) {
      for (const claim of waiting) lent.set(claim.app, part(claim));
      return lent;
    }
    for (const claim of full) {
      const room = claim.cap - claim.guaranteed;
      lent.set(claim.app, room);
      left -= room;
    }
    waiting = waiting.filter(({ app }) => !lent.has(app));
  }
  return lent;
}

/** An app with no guarantee at all still gets a little of what is spare. */
function weight({ guaranteed }: ShareClaim): number {
  return Math.max(guaranteed, 1);
}
