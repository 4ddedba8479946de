// In the stead of Intl's in scripts of the site (build.mjs): the one is made when something is to be formatted, the other is there for uPlot's axes of
// time, of which there are none.
export class LateNumberFormat {
  #made?: (x: number) => string;
  #options: ConstructorParameters<typeof Intl.NumberFormat>;

  constructor(...options: ConstructorParameters<typeof Intl.NumberFormat>) {
    this.#options = options;
  }

  format(x: number): string {
    return (this.#made ??= new globalThis["Intl"].NumberFormat(...this.#options).format)(x);
  }
}

export class NoDateTimeFormat {
  resolvedOptions = () => ({ timeZone: "" });
}
