// The company behind every simulator: 200 customers, 5,000 orders, 300 products in 4 warehouses. The same seed makes the
// same company, everywhere.

/** splitmix32: small, and the same on every machine. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
  };
}

const families = ['林', '陈', '王', '李', '张', '刘', '杨', '黄', '赵', '周', '吴', '徐', '孙', '马', '朱', '胡'];
const given = ['晓', '雨桐', '子涵', '建国', '丽华', '志强', '欣怡', '浩然', '美玲', '思远', '一诺', '佳琪'];
const goods = ['羽绒服', '口红 豆沙色', '粉底液 象牙白', '保温杯', '蓝牙耳机', '运动鞋', '电饭煲', '双肩包', '洗面奶', '台灯'];
const companies = ['沪光贸易', '南粤电器', '北辰科技', '蓉城百货', ''];

export const warehouses = [
  {id: 1, code: 'SH', name: '上海仓'}, {id: 2, code: 'GZ', name: '广州仓'},
  {id: 3, code: 'BJ', name: '北京仓'}, {id: 4, code: 'CD', name: '成都仓'},
];

/** People write numbers in many ways; so do the systems that keep them. */
function spelled(digits, style) {
  const parts = [digits.slice(0, 3), digits.slice(3, 7), digits.slice(7)];
  return [digits, parts.join(' '), `+86 ${parts.join('-')}`, `+86${digits}`, `(86) ${parts.join(' ')}`][style % 5];
}

export function makeData(seed = 7) {
  const next = random(seed);
  const pick = list => list[Math.floor(next() * list.length)];
  const pad = (n, width) => String(n).padStart(width, '0');

  const products = Array.from({length: 300}, (_, i) => {
    const n = i + 1;
    return {id: n, sku: `A-${n}`, name: n === 7 ? '羽绒服' : `${pick(goods)} ${n}`, barcode: `69${pad(n * 7919, 11)}`, unit: '件',
      price: (9 + Math.floor(next() * 99100) / 100).toFixed(2), currency: 'CNY'};
  });

  // Rows as a warehouse keeps them: by product, warehouse and lot.
  const stock = [];
  for (const p of products) {
    if (p.sku === 'A-300') {  // the product with 10,000 rows: one piece in each lot
      for (let lot = 0; lot < 10000; ++lot) {
        stock.push({sku: p.sku, product: p.id, warehouse: warehouses[lot % 4], lot: `L${pad(lot, 5)}`, quantity: 1, reserved: 0});
      }
      continue;
    }
    for (const warehouse of warehouses) {
      let quantity = Math.floor(next() * 120);
      let reserved = Math.floor(next() * Math.min(quantity, 10));
      if (p.sku === 'A-7') [quantity, reserved] = {SH: [12, 2], GZ: [0, 0], BJ: [5, 0], CD: [1, 1]}[warehouse.code];
      if (p.sku === 'A-13' && warehouse.code === 'SH') [quantity, reserved] = [-3, 0];  // sold before it was booked in
      stock.push({sku: p.sku, product: p.id, warehouse, lot: '', quantity, reserved});
    }
  }

  const customers = Array.from({length: 200}, (_, i) => {
    const n = i + 1;
    let phone = `13${pad(100000000 + Math.floor(next() * 899999999), 9)}`;
    if (n === 1) phone = '13800138000';
    if (n === 50 || n === 51) phone = '13900139000';  // a couple that shares a phone
    const name = n === 1 ? '林晓' : n === 2 ? "O'Neil \\ Sons" : pick(families) + pick(given);
    return {id: n, code: `C${pad(n, 4)}`, name, phone, spelled: spelled(phone, n), email: `c${n}@example.com`, company: pick(companies),
      tier: n === 1 ? '金卡' : pick(['普通', '银卡', '金卡']), owner: pick(['小美', '阿强']), tags: n === 1 ? ['VIP', '爱买口红'] : []};
  });

  const orders = Array.from({length: 5000}, (_, i) => {
    const n = i + 1;
    const customer = customers[i % customers.length];
    const lines = Array.from({length: 1 + Math.floor(next() * 3)}, () => {
      const p = products[Math.floor(next() * 299)];
      return {product: p.id, sku: p.sku, name: p.name, quantity: 1 + Math.floor(next() * 4), price: p.price};
    });
    const amount = lines.reduce((sum, l) => sum + l.quantity * Number(l.price), 0).toFixed(2);
    // Newer orders have higher numbers; the last one is of 2026-11-20.
    const date = new Date(Date.UTC(2026, 10, 20, 8) - (5000 - n) * 3 * 3600e3);
    return {id: n, number: `SO${pad(n, 5)}`, customer: customer.id, date, status: n > 4900 ? 'open' : 'done', amount, currency: 'CNY', lines,
      tracking: n > 4900 ? '' : `SF${pad(n, 10)}`};
  });
  return {products, stock, customers, orders, warehouses};
}

/** Sums the rows of a product by warehouse. */
export function byWarehouse(data, sku) {
  const sums = new Map(warehouses.map(w => [w.code, {warehouse: w, quantity: 0, reserved: 0}]));
  for (const row of data.stock) {
    if (row.sku !== sku) continue;
    const sum = sums.get(row.warehouse.code);
    sum.quantity += row.quantity;
    sum.reserved += row.reserved;
  }
  return [...sums.values()];
}

export const digits = text => String(text ?? '').replace(/\D/g, '');
export const day = date => date.toISOString().slice(0, 10);

/** SQL's LIKE: % stands for anything and _ for one character, unless a backslash is before them. Case does not matter. */
export function like(text, pattern) {
  const source = pattern.replace(/\\([^])|([%_])|([.*+?^${}()|[\]\\])/g,
    (all, literal, wild, sign) => (literal ? literal.replace(/[.*+?^${}()|[\]\\]/, '\\$&') : wild ? {'%': '[^]*', _: '[^]'}[wild] : `\\${sign}`));
  return new RegExp(`^${source}$`, 'i').test(String(text ?? ''));
}
