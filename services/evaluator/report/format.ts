/** 0.8713 -> "0.871"; hd95 and distances with one digit. */
export const share = (value: number): string => value.toFixed(3);
export const tenth = (value: number): string => value.toFixed(1);
export const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
export const count = (value: number): string => value.toLocaleString('en-US');

/** Powers of 1000: "49.2 kB". */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(Math.max(Math.floor(Math.log10(Math.max(value, 1)) / 3), 0), units.length - 1);
  return `${(value / 1000 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** "8.4 s", "2 min 05 s", "3 h 12 min". */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
