/** A set-up step that failed, with a message for the person at the terminal: what, where, what to do. */
export class SetupError extends Error {
  /**
   * @param {string} code stable name of the mistake
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'SetupError';
    this.code = code;
  }
}
