function h(tag: string, props: object | null, ...children: string[]): string { return `<${tag}>${children.join('')}</${tag}>`; }
/** @jsx h */
export function View({ name }: { name: string }): string {
  return <b>{name}</b> as unknown as string;
}
console.log(View({ name: 'x' }), View({ name: 'y' }));
