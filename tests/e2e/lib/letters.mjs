// Mails as a customer writes them, and what stands in those that they get.

/** A plain letter; `more`: further header lines. */
export const letter = ({from, name, to, id, subject, text, more = ''}) => `From: =?utf-8?B?${Buffer.from(name).toString('base64')}?= <${from}>
To: ${to}
Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=
Message-ID: <${id}@customer.test>
${more}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

${text}
`;

/** The value of a header, unfolded. */
export const header = (raw, name) => new RegExp(`^${name}:((?:.*)(?:\\r?\\n[ \\t].*)*)`, 'im').exec(raw)?.[1].replace(/\s+/g, ' ').trim() ?? '';

/** The plain text. */
export const bodyOf = raw => raw.split(/\r?\n--=_/).filter(part => /text\/plain/.test(part)).map(part => {
  const [head, ...rest] = part.split(/\r?\n\r?\n/);
  return /base64/i.test(head) ? Buffer.from(rest.join(''), 'base64').toString('utf8') : rest.join('\n\n');
}).join('');

/** The instance `email` at these servers (tests/support/mail). */
export const emailYaml = (mail, address, password) => `  email:
    use: email
    config:
      address: ${address}
      name: 桥梁小店
      ca_file: ${mail.ca}
      imap: {host: 127.0.0.1, port: ${mail.ports.imaps}, password: ${password}}
      smtp: {host: 127.0.0.1, port: ${mail.ports.smtp}, security: starttls}
`;
