// What pages in Markdown are made of.
export const GENERATED = '<!-- Written by scripts/docs.mjs: change the code and run npm run docs. -->';

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const escaped = rows.map((row) => row.map((cell) => String(cell).replaceAll('|', '\\|')));
  return [line(head), line(head.map(() => '---')), ...escaped.map(line)].join('\n');
}

export function fence(lines, language = 'text') {
  return [`\`\`\`${language}`, ...lines, '```'].join('\n');
}
