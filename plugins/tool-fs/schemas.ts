/** What the arguments of the tools have in common. */
export const pathSchema = {
  type: "string",
  minLength: 1,
  maxLength: 4_096,
  description: 'Of a root and on from there, as "root/folder/name". There is no ".." in it.',
} as const;

/** Short: what it costs grows with it. */
export const globSchema = {
  type: "string",
  minLength: 1,
  maxLength: 128,
  description:
    'Only files and folders like it: * is any text within a name, ? one character, ** any folders. Without a "/" it is of names in any folder ("*.ts"), else of paths below the folder ("src/**/*.ts").',
} as const;
