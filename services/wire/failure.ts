import type { Draft, Envelope } from './envelope.ts';
import { RemoteError, WireError } from './errors.ts';

/**
 * An error as an answer: its code and whether to try again. Its message travels only if `shareMessages` or if the wire itself wrote it,
 * because a site's own messages may name files of patients; the stack never does.
 */
export function failureDraft(error: unknown, shareMessages: boolean): Draft {
  const { code, retryable, message } = (error ?? {}) as { code?: unknown; retryable?: unknown; message?: unknown };
  const shared = shareMessages || error instanceof WireError;
  return {
    fields: {
      type: 'error',
      code: typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : 'INTERNAL',
      retryable: retryable === true,
      ...(shared && { message: String(message ?? error).slice(0, 2000) }),
    },
    sections: [],
  };
}

export function readFailure({ header }: Envelope<'error'>, peer: string): RemoteError {
  const { code, message, retryable } = header;
  return new RemoteError(peer, { code, retryable, ...(message !== undefined && { message }) });
}
