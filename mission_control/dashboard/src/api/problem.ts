// What went wrong when something was asked of mission control?

/** An answer that is a problem (RFC 9457), or no answer at all (`status` 0). */
export class ApiProblem extends Error {
  readonly status: number;
  readonly reasons: readonly string[];

  constructor(status: number, detail: string, reasons: readonly string[] = []) {
    super(detail);
    this.name = "ApiProblem";
    this.status = status;
    this.reasons = reasons;
  }

  /** This mission control has no such route, or no such thing. */
  get isMissing(): boolean {
    return this.status === 404;
  }

  /** This browser is not let in. */
  get isClosed(): boolean {
    return this.status === 401;
  }

  /** The same may succeed in a moment. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 503;
  }
}

/** The problem that a body says, whatever it is. */
export function problemOf(status: number, body: unknown): ApiProblem {
  if (typeof body === "object" && body !== null && "detail" in body) {
    const reasons = "reasons" in body && Array.isArray(body.reasons) ? body.reasons.map(String) : [];
    return new ApiProblem(status, String(body.detail), reasons);
  }
  return new ApiProblem(status, `mission control answered ${status}`);
}

/** Whatever was thrown, as a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
