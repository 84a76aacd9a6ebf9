// How do numbers, times and amounts read? Pure.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** `1,204`. */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** `1.2K`. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

/** `1 task`, `2 tasks`. */
export function counted(value: number, noun: string, plural = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`;
}

/** `12 min`, the two largest parts at most: `1 h 5 min`. */
export function duration(milliseconds: number): string {
  const all = Math.max(0, milliseconds);
  if (all < SECOND) return `${Math.round(all)} ms`;
  if (all < 10 * SECOND) return `${(all / SECOND).toFixed(1)} s`;
  if (all < MINUTE) return `${Math.floor(all / SECOND)} s`;
  if (all < HOUR) return `${Math.floor(all / MINUTE)} min`;
  if (all < DAY) return parts(Math.floor(all / HOUR), "h", Math.floor((all % HOUR) / MINUTE), "min");
  return parts(Math.floor(all / DAY), "d", Math.floor((all % DAY) / HOUR), "h");
}

function parts(large: number, largeName: string, small: number, smallName: string): string {
  return small ? `${large} ${largeName} ${small} ${smallName}` : `${large} ${largeName}`;
}

/** `12 min ago`; `now` within the last second. */
export function ago(time: number, now: number): string {
  const since = now - time;
  if (since < SECOND) return "now";
  return `${since < MINUTE ? `${Math.floor(since / SECOND)} s` : duration(since)} ago`;
}

/** `14:03:27`, of the browser's own zone. */
export function clock(time: number): string {
  const date = new Date(time);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** `14:03:27.120`. */
export function clockMilliseconds(time: number): string {
  return `${clock(time)}.${String(new Date(time).getMilliseconds()).padStart(3, "0")}`;
}

/** `30 Nov 14:03:27`; without the day if it is that of `now`. */
export function moment(time: number, now: number): string {
  const date = new Date(time);
  if (date.toDateString() === new Date(now).toDateString()) return clock(time);
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const year = date.getFullYear() === new Date(now).getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${day}${year} ${clock(time)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** `$1.20`, `$0.0042`, `$1,204`. */
export function dollars(value: number): string {
  if (value === 0) return "$0";
  if (Math.abs(value) < 0.01) return `$${value.toPrecision(2)}`;
  return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** `93 %`. */
export function percent(value: number, digits = 0): string {
  return `${value.toFixed(digits)} %`;
}

/** `1.4 GiB`. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let left = value;
  let unit = 0;
  while (left >= 1024 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${left < 10 && unit ? left.toFixed(1) : Math.round(left)} ${units[unit]}`;
}

/** `task_claimed` is `task claimed`. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

/** The milliseconds of an ISO time; NaN if it is none. */
export function milliseconds(iso: string | null | undefined): number {
  return iso ? Date.parse(iso) : Number.NaN;
}
