/** How long a frame between main and a process may be, by itself: who starts a system knows it and has no frames yet. */
export const frameBytesMaxDefault = 2 ** 26;
