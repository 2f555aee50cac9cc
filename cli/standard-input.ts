/** Standard input as a whole. */

/** @throws the signal's reason, by rejection. */
export async function standardInput(signal: AbortSignal): Promise<string> {
  const stream = process.stdin;
  const stop = () => stream.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let text = "";
  stream.setEncoding("utf8");
  try {
    for await (const chunk of stream) text += String(chunk);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return text;
}
