/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} SessionStorageLike */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Keeps the session id, also in a storage if there is one that works. */
export class SessionMemory {
  /** @type {string | undefined} */
  #id;
  #storage;
  #key;

  /**
   * @param {SessionStorageLike | null | undefined} storage undefined: the tab's sessionStorage in
   *     a browser, else none
   * @param {string} key
   * @param {string | undefined} id a session to resume in place of the stored one
   */
  constructor(storage, key, id) {
    this.#storage = storage === undefined ? tabStorage() : storage;
    this.#key = key;
    this.#id = id ?? this.#guarded((kept) => kept.getItem(key)) ?? undefined;
    if (this.#id !== undefined && !UUID.test(this.#id)) {
      if (id !== undefined) {
        throw new RangeError(`a session id is a UUID, not '${id}'`);
      }
      this.#id = undefined;
    }
  }

  get id() {
    return this.#id;
  }

  /** @param {string} id */
  remember(id) {
    this.#id = id;
    this.#guarded((kept) => kept.setItem(this.#key, id));
  }

  forget() {
    this.#id = undefined;
    this.#guarded((kept) => kept.removeItem(this.#key));
  }

  /**
   * A storage may be full or forbidden. Then the session id is kept in this object only.
   *
   * @template T
   * @param {(storage: SessionStorageLike) => T} use
   * @returns {T | undefined}
   */
  #guarded(use) {
    try {
      return this.#storage ? use(this.#storage) : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The document is checked because newer Node has a sessionStorage too, one for the whole process. */
function tabStorage() {
  try {
    return typeof document === 'undefined' ? null : globalThis.sessionStorage;
  } catch {
    return null;
  }
}
