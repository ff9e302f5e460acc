// The page's colours for what is drawn on a canvas, read again when light and dark change.

import { useEffect, useMemo, useState } from "preact/hooks";

/** The value of the custom property of that name. */
export function useColours(): (name: string) => string {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const changed = (): void => setVersion((before) => before + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    addEventListener("themechange", changed);
    return () => {
      system.removeEventListener("change", changed);
      removeEventListener("themechange", changed);
    };
  }, []);
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    const known = new Map<string, string>();
    return (name: string): string => {
      const value = known.get(name) ?? style.getPropertyValue(`--${name}`).trim();
      known.set(name, value);
      return value;
    };
  }, [version]);
}
