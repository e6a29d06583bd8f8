const segment = /^[A-Za-z0-9_=-]+$/;

/**
 * Whether a subject has a pattern's segments, `*` standing for any one. Compiled once for each
 * subscription.
 */
export function compileSubject(pattern: string): (subject: string) => boolean {
  const wanted = pattern.split('.');
  for (const each of wanted)
    if (each !== '*' && !segment.test(each))
      throw new RangeError(`Cannot use ${JSON.stringify(pattern)} as a pattern of subjects`);
  if (!wanted.includes('*')) return (subject) => subject === pattern;
  return (subject) => {
    const given = subject.split('.');
    return given.length === wanted.length && wanted.every((each, index) => each === '*' || each === given[index]);
  };
}

/**
 * A name as one segment of a subject: what NATS gives a meaning (dots, spaces, wildcards) is
 * written as `=` and hexadecimal digits.
 */
export function subjectSegment(name: string): string {
  if (name === '') throw new RangeError('Cannot use an empty name in a subject');
  return name.replace(/[^A-Za-z0-9_-]/gu, (character) => `=${Buffer.from(character).toString('hex')}=`);
}
