// How long something takes, in words that are coarse on purpose.

/** 40 -> "a minute", 130 -> "2 minutes", 5000 -> "1½ hours". */
export function roughly(seconds: number): string {
  if (seconds < 8) return "a few seconds";
  if (seconds < 25) return "a quarter of a minute";
  if (seconds < 45) return "half a minute";
  const minutes = Math.round(seconds / 60) || 1;
  if (minutes === 1) return "a minute";
  if (minutes <= 10) return `${minutes} minutes`;
  if (minutes < 50) return `${5 * Math.round(minutes / 5)} minutes`;
  const halves = Math.round(seconds / 1800);
  const whole = Math.floor(halves / 2);
  if (halves <= 2) return "an hour";
  return `${whole}${halves % 2 ? "½" : ""} hours`;
}
