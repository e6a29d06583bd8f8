const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function twoUnits(seconds: number, big: number, bigLetter: string, small: number, smallLetter: string): string {
  const rest = Math.floor((seconds % big) / small);
  const first = `${Math.floor(seconds / big)}${bigLetter}`;
  return rest === 0 ? first : `${first}${rest}${smallLetter}`;
}

/**
 * A duration as kubectl shows it, at most two units and two or three digits: `5s`, `3m20s`, `4h`,
 * `2d5h`, `3y40d`.
 */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1_000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 2 * minute) return `${seconds}s`;
  if (seconds < 10 * minute) return twoUnits(seconds, minute, 'm', 1, 's');
  if (seconds < 3 * hour) return `${Math.floor(seconds / minute)}m`;
  if (seconds < 8 * hour) return twoUnits(seconds, hour, 'h', minute, 'm');
  if (seconds < 2 * day) return `${Math.floor(seconds / hour)}h`;
  if (seconds < 8 * day) return twoUnits(seconds, day, 'd', hour, 'h');
  if (seconds < 2 * year) return `${Math.floor(seconds / day)}d`;
  if (seconds < 8 * year) return twoUnits(seconds, year, 'y', day, 'd');
  return `${Math.floor(seconds / year)}y`;
}

/**
 * Time from an RFC 3339 text until `now` (milliseconds): `<unknown>` where there is no text,
 * `<invalid>` where it is none.
 */
export function durationSince(time: unknown, now: number): string {
  if (time === undefined || time === null || time === '') return '<unknown>';
  if (typeof time !== 'string' || !rfc3339.test(time)) return '<invalid>';
  return humanDuration(now - Date.parse(time));
}
