// Sends requests as bytes and prints the answers as bytes, but for the date; then the program ends by itself.
const net = require('node:net');

function exchange(port, text) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    net
      .connect(port, '127.0.0.1', function () {
        this.end(text);
      })
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', () => resolve(Buffer.concat(chunks).toString('latin1')))
      .on('error', reject);
  });
}

module.exports = async function (port, close, requests) {
  for (const [line, body = '', headers = []] of requests) {
    const head = [line + ' HTTP/1.1', 'Host: shop.test', 'Connection: close', ...headers];
    if (body) head.push(`Content-Length: ${Buffer.byteLength(body)}`);
    const answer = await exchange(port, `${head.join('\r\n')}\r\n\r\n${body}`);
    console.log(`--- ${line}\n${answer.replace(/^date: .*\r\n/im, '').replaceAll(`:${port}`, ':PORT')}`);
  }
  // Many at once.
  const many = await Promise.all(
    Array.from({ length: 40 }, (_, i) => exchange(port, `GET /items/${i % 7}?n=${i} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)),
  );
  console.log(many.map((answer) => answer.replace(/^date: .*\r\n/im, '').length).join(' '));
  close();
};
