/** What the bare process runs. */
process.on("message", (number: number) => process.send?.(number));
