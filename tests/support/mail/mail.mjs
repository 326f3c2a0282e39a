// Real mail servers (Debian's Dovecot and Exim) with folders and loopback ports of their own, for tests:
//   import {Mail} from '../support/mail/mail.mjs'
//   node tests/support/mail/mail.mjs      prints "mail FOLDER imap=PORT imaps=PORT smtp=PORT smtps=PORT", and ends with its
//   standard input. It takes the lines below, and answers each with "done":
//     stop imap | start imap | stop smtp | start smtp | renew ADDRESS (the mailbox gets new numbers)
// Accounts: any of ACCOUNTS, password PASSWORD. Addresses of shop.test and customer.test have a Maildir at
// FOLDER/mail/ADDRESS/Maildir. grey@ is greylisted until FOLDER/grey-open exists, nobody@ is refused, full@ bounces.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import tls from 'node:tls';
import {fileURLToPath} from 'node:url';

export const PASSWORD = 'mail-test-1';
export const ACCOUNTS = ['support@shop.test', 'sales@shop.test', 'lin@customer.test', 'grey@customer.test'];

const freePort = () => new Promise((resolve, reject) => {
  const probe = net.createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const {port} = probe.address();
    probe.close(() => resolve(port));
  });
});

const answers = port => new Promise(resolve => {
  const socket = net.connect(port, '127.0.0.1');
  socket.setTimeout(2000, () => socket.destroy());
  socket.once('data', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
  socket.once('close', () => resolve(false));
});

export class Mail {
  static async start() {
    const mail = new Mail();
    mail.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qiao-mail-'));
    fs.chmodSync(mail.folder, 0o755);
    mail.ca = path.join(mail.folder, 'cert.pem');
    mail.ports = {imap: await freePort(), imaps: await freePort(), smtp: await freePort(), smtps: await freePort()};
    const root = process.getuid() === 0;
    mail.user = root ? 'nobody' : os.userInfo().username;
    mail.group = execFileSync('id', ['-gn', mail.user], {encoding: 'utf8'}).trim();
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', path.join(mail.folder, 'key.pem'), '-out', mail.ca], {stdio: 'ignore'});
    for (const name of ['mail', 'spool', 'exim']) fs.mkdirSync(path.join(mail.folder, name));
    for (const address of ACCOUNTS) {
      for (const part of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail.folder, 'mail', address, 'Maildir', part), {recursive: true});
    }
    fs.writeFileSync(path.join(mail.folder, 'users'), ACCOUNTS.map(address => `${address}:{PLAIN}${PASSWORD}\n`).join(''));
    if (root) execFileSync('chown', ['-R', `${mail.user}:${mail.group}`, ...['mail', 'spool', 'exim', 'key.pem'].map(name => path.join(mail.folder, name))]);
    mail.#dovecotConfig(root);
    mail.#eximConfig();
    await Promise.all([mail.startImap(), mail.startSmtp()]);
    return mail;
  }

  #dovecotConfig(root) {
    const {folder, ports} = this;
    const users = root ? '' : `default_login_user = ${this.user}\ndefault_internal_user = ${this.user}\ndefault_internal_group = ${this.group}\n`;
    fs.writeFileSync(path.join(folder, 'dovecot.conf'), `
protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/dovecot.log
ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
${users}mail_location = maildir:${folder}/mail/%u/Maildir
mailbox_idle_check_interval = 1 secs
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=${this.user} gid=${this.group} home=${folder}/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Done {
    auto = create
  }
  mailbox 投诉 {
    auto = create
  }
}
service imap-login {
  ${root ? '' : 'chroot ='}
  inet_listener imap {
    port = ${ports.imap}
  }
  inet_listener imaps {
    port = ${ports.imaps}
    ssl = yes
  }
}
service anvil {
  ${root ? '' : 'chroot ='}
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`);
  }

  #eximConfig() {
    const {folder, ports} = this;
    fs.writeFileSync(path.join(folder, 'exim.conf'), `
primary_hostname = shop.test
exim_user = ${this.user}
exim_group = ${this.group}
never_users =
deliver_drop_privilege = true
spool_directory = ${folder}/spool
log_file_path = ${folder}/exim/%slog
pid_file_path = ${folder}/exim/pid
keep_environment =
disable_ipv6 = true
host_lookup =
rfc1413_query_timeout = 0s
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${ports.smtp} : ${ports.smtps}
tls_on_connect_ports = ${ports.smtps}
tls_advertise_hosts = *
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
message_size_limit = 40M
acl_smtp_rcpt = recipients
begin acl
recipients:
  defer local_parts = grey
        condition = \${if !exists{${folder}/grey-open}}
        message = 451 4.7.1 greylisted, come back later
  deny local_parts = nobody
       message = 550 5.1.1 no such user here
  accept authenticated = *
  deny message = 550 5.7.1 log in first
begin routers
full:
  driver = redirect
  local_parts = full
  allow_fail
  data = :fail: 552 5.2.2 mailbox is full
home:
  driver = accept
  domains = shop.test : customer.test
  local_parts = ${[...new Set(ACCOUNTS.map(address => address.split('@')[0]))].join(' : ')}
  local_part_suffix = +*
  local_part_suffix_optional
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = ${folder}/mail/\$local_part_data@\$domain_data/Maildir
  maildir_format
  create_directory
  envelope_to_add
  return_path_add
  delivery_date_add
  mode = 0600
begin retry
* * F,1h,1s
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if eq{\$auth3}{${PASSWORD}}}
  server_set_id = \$auth2
  server_advertise_condition = \${if def:tls_in_cipher {*}{}}
`);
  }

  async #run(name, command, args, port) {
    const child = spawn(command, args, {stdio: ['ignore', 'ignore', 'pipe']});
    this[name] = child;
    child.output = '';
    child.stderr.on('data', chunk => { child.output = (child.output + chunk).slice(-10000); });
    child.exited = new Promise(resolve => child.once('exit', resolve).once('error', resolve));
    for (let attempt = 0; !(await answers(port)); ++attempt) {
      if (child.exitCode !== null || attempt > 400) throw new Error(`${command} did not start: ${child.output}\n${this.logs()}`);
      await new Promise(resolve => setTimeout(resolve, 25));
    }
  }

  startImap() { return this.#run('dovecot', 'dovecot', ['-F', '-c', path.join(this.folder, 'dovecot.conf')], this.ports.imap); }
  startSmtp() { return this.#run('exim', '/usr/sbin/exim4', ['-C', path.join(this.folder, 'exim.conf'), '-bdf', '-q30m'], this.ports.smtp); }
  async stopImap() { await Mail.#end(this.dovecot); }
  async stopSmtp() { await Mail.#end(this.exim); }
  static async #end(child) {
    if (!child || child.exitCode !== null) return;
    child.kill('SIGTERM');
    await child.exited;
  }

  logs() {
    return ['dovecot.log', 'exim/mainlog', 'exim/paniclog'].map(name => {
      const file = path.join(this.folder, name);
      return fs.existsSync(file) ? `${name}:\n${fs.readFileSync(file, 'utf8').slice(-4000)}` : '';
    }).join('\n');
  }

  /** The mailbox is made anew, as after a restored backup: same mails, other numbers. */
  renew(address) {
    const maildir = path.join(this.folder, 'mail', address, 'Maildir');
    for (const name of fs.readdirSync(maildir)) {
      if (name.startsWith('dovecot')) fs.rmSync(path.join(maildir, name), {recursive: true, force: true});
    }
  }

  /** All mails in the inbox of an address. */
  mails(address) {
    const maildir = path.join(this.folder, 'mail', address, 'Maildir');
    return ['new', 'cur'].flatMap(part => {
      const folder = path.join(maildir, part);
      return fs.existsSync(folder) ? fs.readdirSync(folder).sort().map(name => fs.readFileSync(path.join(folder, name), 'utf8')) : [];
    });
  }

  /** Hands a mail in as a customer's mail program does. */
  async send(from, to, mail) {
    const socket = tls.connect({port: this.ports.smtps, host: '127.0.0.1', rejectUnauthorized: false});
    const lines = readline.createInterface({input: socket})[Symbol.asyncIterator]();
    const reply = async () => {
      for (;;) {
        const {value, done} = await lines.next();
        if (done) throw new Error('the mail server ended the session');
        if (value[3] !== '-') return value;
      }
    };
    const say = async (line, code) => {
      if (line !== null) socket.write(`${line}\r\n`);
      const said = await reply();
      if (!said.startsWith(code)) throw new Error(`${line}: ${said}`);
    };
    await say(null, '220');
    await say('EHLO customer.test', '250');
    await say(`AUTH PLAIN ${Buffer.from(`\0${from}\0${PASSWORD}`).toString('base64')}`, '235');
    await say(`MAIL FROM:<${from}>`, '250');
    await say(`RCPT TO:<${to}>`, '250');
    await say('DATA', '354');
    await say(`${mail.replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..')}\r\n.`, '250');
    await say('QUIT', '221');
    socket.destroy();
  }

  async stop() {
    await Promise.all([this.stopImap(), this.stopSmtp()]);
    fs.rmSync(this.folder, {recursive: true, force: true});
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mail = await Mail.start();
  console.log(`mail ${mail.folder} ${Object.entries(mail.ports).map(([name, port]) => `${name}=${port}`).join(' ')}`);
  const commands = {
    'stop imap': () => mail.stopImap(),
    'start imap': () => mail.startImap(),
    'stop smtp': () => mail.stopSmtp(),
    'start smtp': () => mail.startSmtp(),
  };
  for await (const line of readline.createInterface({input: process.stdin})) {
    if (line.startsWith('renew ')) mail.renew(line.slice(6));
    await commands[line]?.();
    console.log('done');
  }
  await mail.stop();
}
