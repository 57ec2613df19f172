/**
 * Settings that change how values and definitions are printed, for one message: the session is
 * the same afterwards. The planner's time for JIT is longer than such a query takes.
 */
export const settingsOfTexts: string = Object.entries({
  timezone: "UTC",
  datestyle: "ISO, YMD",
  intervalstyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
  xmlbinary: "base64",
  lc_monetary: "C",
  standard_conforming_strings: "on",
  jit: "off",
})
  .map(([name, value]) => `set local ${name} = '${value}'`)
  .join("; ");
