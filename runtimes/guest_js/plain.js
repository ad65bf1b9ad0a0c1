/** Turns any value into what JSON has, with bounds. Whoever hands in a hostile one spoils only its own report. */

const MAX_BYTES = 256 * 1024;
const MAX_DEPTH = 64;
const MAX_ITEMS = 100_000;

/**
 * Return the value as JSON data, or why there is none.
 * @param {unknown} value
 * @returns {{value?: unknown, value_omitted?: string}}
 */
export function report(value) {
  if (value === undefined || value === null) return {};
  try {
    if (isLive(value)) return {};
    const data = new Plain().convert(value, 0);
    const size = new TextEncoder().encode(JSON.stringify(data)).length;
    return size > MAX_BYTES ? { value_omitted: `larger than ${MAX_BYTES / 1024} KiB` } : { value: data };
  } catch (error) {
    return { value_omitted: `not representable${why(error)}`.slice(0, 300).toWellFormed() };
  }
}

function why(error) {
  try {
    return `: ${String(error)}`;
  } catch {
    return "";
  }
}

class Plain {
  #left = MAX_ITEMS;

  convert(value, depth) {
    this.#left -= 1;
    if (this.#left < 0 || depth > MAX_DEPTH) throw new RangeError("too large or too deep");
    switch (typeof value) {
      case "string":
        return value.toWellFormed();
      case "boolean":
        return value;
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "bigint":
        return isSafe(value) ? Number(value) : String(value);
      case "object":
        return value === null ? null : this.#object(value, depth + 1);
      case "undefined":
        return null;
      default:
        return Deno.inspect(value).slice(0, MAX_BYTES);
    }
  }

  #object(value, depth) {
    if (Array.isArray(value)) return this.#list(value, depth);
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return this.#list(value, depth);
    if (value instanceof Set) return this.#list(value, depth);
    if (value instanceof Map) return this.#pairs(value, depth);
    if (typeof value.toJSON === "function") return this.convert(value.toJSON(), depth);
    if (value instanceof Number || value instanceof String || value instanceof Boolean) {
      return this.convert(value.valueOf(), depth);
    }
    if (isRecord(value)) return this.#pairs(Object.entries(value), depth);
    return Deno.inspect(value).slice(0, MAX_BYTES);
  }

  #list(values, depth) {
    if (values.length > this.#left) throw new RangeError("too large or too deep");
    return Array.from(values, (item) => this.convert(item, depth));
  }

  #pairs(pairs, depth) {
    const found = Object.create(null);
    for (const [name, item] of pairs) {
      if (item !== undefined) found[String(name).toWellFormed()] = this.convert(item, depth);
    }
    return found;
  }
}

/** Whether a value stands for something that goes on, such as a timer: it is not what the program has found. */
function isLive(value) {
  if (typeof value !== "object") return false;
  const { constructor, emit, on } = value;
  return /^(Timeout|Immediate)$/.test(constructor?.name) || (typeof emit === "function" && typeof on === "function");
}

/** Whether a value is there for its fields: a literal, or an instance of a class of the program. */
function isRecord(value) {
  const prototype = Object.getPrototypeOf(value);
  const constructor = prototype?.constructor;
  if (prototype === null || constructor === Object) return true;
  return typeof constructor === "function" && !/\[native code\]\s*}$/.test(String(constructor));
}

function isSafe(value) {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
}
