// As much of SOQL as the connector speaks, strict about quoting: what Salesforce would refuse is refused here.

import {like} from './data.mjs';

class Malformed extends Error {}

function tokens(text) {
  const list = [];
  const pattern = /\s*(?:'((?:[^'\\]|\\.)*)'|(\(|\)|,|!=|>=|<=|=|>|<)|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?))/gy;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) throw new Malformed(`unexpected token: '${text.slice(at, at + 12)}'`);
    at = pattern.lastIndex;
    if (found[1] !== undefined) list.push({literal: found[1].replace(/\\(.)/g, '$1')});
    else if (found[2]) list.push({sign: found[2]});
    else if (found[3]) list.push({word: found[3]});
    else list.push({literal: Number(found[4])});
  }
  return list;
}

export function query(text, tables) {
  const list = tokens(text);
  let at = 0;
  const peek = () => list[at] ?? {};
  const word = (...wanted) => (wanted.includes(peek().word?.toUpperCase()) ? list[at++] : undefined);
  const sign = wanted => (peek().sign === wanted ? list[at++] : undefined);
  const need = (found, what) => {
    if (!found) throw new Malformed(`expecting ${what}`);
    return found;
  };
  const value = () => {
    const found = list[at++];
    if (!found || found.literal === undefined) throw new Malformed('expecting a literal');
    return found.literal;
  };

  need(word('SELECT'), 'SELECT');
  const fields = [], children = [];
  do {
    if (sign('(')) {
      need(word('SELECT'), 'SELECT');
      const inner = [];
      do inner.push(need(list[at++].word, 'a field')); while (sign(','));
      need(word('FROM'), 'FROM');
      children.push({name: need(list[at++].word, 'a relation'), fields: inner});
      need(sign(')'), "')'");
    } else {
      fields.push(need(list[at++]?.word, 'a field'));
    }
  } while (sign(','));
  need(word('FROM'), 'FROM');
  const object = need(list[at++]?.word, 'an object');
  const table = tables[object];
  if (!table) throw Object.assign(new Malformed(`sObject type '${object}' is not supported.`), {code: 'INVALID_TYPE'});

  const get = (row, path) => {
    const found = path.split('.').reduce((value, key) => (value === null || value === undefined ? null : key in value ? value[key] : undefined), row);
    if (found === undefined) throw Object.assign(new Malformed(`No such column '${path}' on entity '${object}'.`), {code: 'INVALID_FIELD'});
    return found;
  };
  const condition = () => {
    if (sign('(')) {
      const inner = either();
      need(sign(')'), "')'");
      return inner;
    }
    const field = need(list[at++]?.word, 'a field');
    if (word('IN')) {
      need(sign('('), "'('");
      const wanted = [];
      do wanted.push(value()); while (sign(','));
      need(sign(')'), "')'");
      return row => wanted.includes(get(row, field));
    }
    if (word('LIKE')) {
      const wanted = value();
      return row => like(get(row, field), wanted);
    }
    need(sign('='), "'='");
    const wanted = value();
    return row => get(row, field) === wanted;
  };
  const both = () => {
    const parts = [condition()];
    while (word('AND')) parts.push(condition());
    return row => parts.every(p => p(row));
  };
  const either = () => {
    const parts = [both()];
    while (word('OR')) parts.push(both());
    return row => parts.some(p => p(row));
  };
  let rows = table;
  if (word('WHERE')) {
    const test = either();
    rows = rows.filter(test);
  }
  if (word('ORDER')) {
    need(word('BY'), 'BY');
    const field = need(list[at++]?.word, 'a field');
    const direction = word('ASC', 'DESC')?.word.toUpperCase() === 'DESC' ? -1 : 1;
    rows = [...rows].sort((a, b) => (get(a, field) < get(b, field) ? -1 : get(a, field) > get(b, field) ? 1 : 0) * direction);
  }
  if (word('LIMIT')) rows = rows.slice(0, value());
  if (at < list.length) throw new Malformed(`unexpected token: '${JSON.stringify(list[at])}'`);
  return {object, records: rows.map(row => {
    const record = {attributes: {type: object, url: `/services/data/v60.0/sobjects/${object}/${row.Id}`}};
    for (const field of fields) {
      const keys = field.split('.');
      get(row, field);
      if (keys.length === 1) record[field] = row[field];
      else record[keys[0]] = row[keys[0]] === null ? null : {...(record[keys[0]] ?? {}), ...nested(row[keys[0]], keys.slice(1))};
    }
    for (const child of children) {
      const inner = row[child.name] ?? [];
      record[child.name] = inner.length === 0 ? null : {totalSize: inner.length, done: true, records: inner};
    }
    return record;
  })};
}

function nested(value, keys) {
  return keys.length === 1 ? {[keys[0]]: value[keys[0]]} : {[keys[0]]: nested(value[keys[0]], keys.slice(1))};
}
