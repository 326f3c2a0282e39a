// Demo people, conversations and tickets for the fake hub.
const minutes = (n) => new Date(Date.now() - n * 60_000).toISOString();
export const NEVER = '1970-01-01T00:00:00.000Z';

export const groups = [
  { key: 'after-sales', name_zh: '售后组', name_en: 'After-sales', department: true },
  { key: 'logistics', name_zh: '物流组', name_en: 'Logistics', department: true },
  { key: 'sales', name_zh: '销售组', name_en: 'Sales', department: false },
  { key: 'tech', name_zh: '技术支持组', name_en: 'Technical support', department: true },
  { key: 'finance', name_zh: '财务组', name_en: 'Finance', department: true },
];

const agent = (id, login, name, role, keys, presence = 'offline') => ({ id, login, name, role, groups: keys, capacity: 8, presence, active: true });
export const agents = [
  agent('11', 'liting', '李婷', 'agent', ['after-sales']),
  agent('12', 'wangqiang', '王强', 'agent', ['logistics'], 'online'),
  agent('13', 'chenchen', '陈晨', 'agent', ['sales'], 'away'),
  agent('14', 'emma', 'Emma', 'agent', ['after-sales', 'sales'], 'online'),
  agent('15', 'zhouxue', '周雪', 'supervisor', groups.map((g) => g.key)),
];
export const PASSWORD = 'qiao-demo-2026';

export const permissionsOf = (a) => [
  'conversations',
  'tickets',
  'knowledge.read',
  'contacts.reveal',
  ...(a.role === 'supervisor' ? ['knowledge.edit', 'conversations.all', 'tickets.all', 'contacts.manage', 'privacy', 'partners.manage', 'audit'] : []),
  ...a.groups.map((key) => `group:${key}`),
];

export const knowledge = [
  entry('return_process', ['退货流程', '怎么退货', 'how do I return something'], '退货很简单：\n1. 打开「我的订单」，选择商品，点「申请售后」\n2. 上传照片，选择退款或补送\n3. 审核通过后，骑手上门取件，退款原路返回', 'Returning is easy:\n1. Open “My orders”, choose the item and “Start a return”\n2. Add a photo and choose a refund or a new delivery\n3. Once approved, the rider picks it up and the money goes back the way it came', 'after-sales', [{ label_zh: '申请售后', label_en: 'Start a return', value: '', url: '/#returns' }, { label_zh: '转人工', label_en: 'Talk to a person', value: '转人工', url: '' }]),
  entry('delivery_time', ['多久能送到', '快递咋还没到', 'how long does delivery take'], '门店 5 公里内 1 小时送达（8:00–22:00）；市内其他区域当天达。', 'Within 5 km of a shop we deliver in one hour (8:00–22:00). Elsewhere in the city: same day.', 'logistics'),
  entry('opening_hours', ['你们店几点关门', '营业时间', 'when do you close'], '门店每天 8:00–22:00 营业，周末和节假日不休息。', 'Our shops are open every day from 8:00 to 22:00.', 'after-sales'),
  entry('delivery_fee', ['快递费多少钱', '满多少免运费', 'delivery fee'], '满 49 元免配送费，不足 49 元收 5 元。', 'Free from ¥49; below that ¥5.', 'logistics'),
];
function entry(key, questions, answer_zh, answer_en, group, buttons = []) {
  return { key, site: '', questions, keywords: [questions[0]], answer_zh, answer_en, buttons, intent: key, group, handoff: false, small_talk: false, enabled: true, card: { kind: '', title: '', text: '', url: '', picture: '', data: {} }, variants: [], attachments: [], related: [], labels: [], valid_from: NEVER, valid_until: NEVER, changed_at: minutes(60 * 24 * 3), changed_by: '周雪' };
}

/** [author, text, minutes ago, {note, agent}] */
const talks = [
  {
    contact: { name: '林晓雨', phone: '+8613800002217', email: 'lin@example.org', note: '老客户，喜欢水果', tier: '金卡', company: '', tags: ['VIP', '水果'], attributes: { 生日: '5月12日' } },
    state: 'assigned', group: 'after-sales', agent: '11', intent: 'return_status', reason: 'declined',
    lines: [
      ['customer', '退货流程', 34],
      ['bot', knowledge[0].answer_zh, 34],
      ['customer', '我的退货审核3天了没动静，订单号 QF20261119083312', 31],
      ['bot', '退货审核需要同事帮您查看，马上为您转接售后组。', 31],
      ['system', '已为您转接售后组，李婷 为您服务', 30],
      ['agent', '林女士您好，我是售后李婷。看到您的退货申请了，我马上帮您催一下审核。', 28, { agent: '11' }],
      ['agent', '客户第二次催，审核卡在仓库质检，已联系王强', 27, { agent: '11', note: true }],
      ['customer', '好的，麻烦快一点，里面是生鲜', 12],
      ['customer', '今天能有结果吗？', 3],
    ],
  },
  {
    contact: { name: '赵先生', phone: '', email: 'zhao@example.org', note: '', attributes: {} },
    state: 'queued', group: 'after-sales', agent: '', intent: 'parcel_lost', reason: 'declined', queued: 6,
    lines: [
      ['customer', '快递丢了要赔偿', 7],
      ['bot', '非常抱歉！这种情况需要同事为您处理，正在为您转接。', 7],
      ['customer', '订单 QF20261118190455，昨天就显示签收了，根本没收到', 5],
    ],
  },
  {
    contact: { name: 'Sophie Martin', phone: '', email: 'sophie@example.org', note: 'Writes English', attributes: {} },
    state: 'waiting', group: 'sales', agent: '11', intent: 'organic', reason: 'asked', language: 'en',
    lines: [
      ['customer', 'Hi, do you have organic vegetables?', 96],
      ['bot', 'Yes: look for the green leaf on the product page. Would you like a colleague to help you choose?', 96],
      ['customer', 'Yes please, a real person', 95],
      ['agent', 'Hello Sophie! Today we have organic lettuce, tomatoes and carrots from Yuhang: https://shop.example.org/organic', 92, { agent: '11' }],
      ['customer', 'Wonderful, thank you!', 80],
      ['agent', 'My pleasure. Tell me your address and I will check the next delivery slot.', 78, { agent: '11' }],
    ],
  },
  {
    contact: { name: '', phone: '', email: '', note: '', attributes: {} },
    state: 'bot', group: '', agent: '', intent: 'opening_hours', reason: '',
    lines: [['customer', '你们店几点关门', 2], ['bot', knowledge[2].answer_zh, 2]],
  },
  {
    contact: { name: '孙佳', phone: '139****8830', email: '', note: '', attributes: {} },
    state: 'assigned', group: 'logistics', agent: '12', intent: 'delivery_status', reason: 'declined',
    lines: [['customer', '快递咋还没到，都两个小时了', 18], ['bot', '正在为您转接物流组。', 18], ['agent', '您好，骑手已经在路上，大约 15 分钟到。', 15, { agent: '12' }]],
  },
  {
    contact: { name: '何敏', phone: '', email: '', note: '', attributes: {} },
    state: 'resolved', group: 'after-sales', agent: '11', intent: 'refund', reason: 'asked', rating: 5,
    lines: [['customer', '坏果怎么赔', 400], ['agent', '已为您办理赔付 12.6 元，原路退回。', 390, { agent: '11' }], ['customer', '谢谢，太快了', 388], ['system', '会话已结束', 380]],
  },
];

export function seed(hub) {
  for (const talk of talks) {
    const contact = hub.newContact({ ...talk.contact, channel: 'web' });
    const c = hub.newConversation(contact, { site: 'demo', language: talk.language ?? 'zh-CN' });
    for (const [author, text, ago, more = {}] of talk.lines) {
      const who = agents.find((a) => a.id === more.agent);
      hub.store(c, { author, text, note: more.note, author_id: who?.id ?? '', name: author === 'bot' ? '小桥' : (who?.name ?? ''), at: minutes(ago) }, true);
    }
    const last = talk.lines[talk.lines.length - 1][2];
    const served = agents.find((a) => a.id === talk.agent);
    Object.assign(c, { state: talk.state, group: talk.group, agent: talk.agent, agent_name: served?.name ?? '', intent: talk.intent, handoff_reason: talk.reason, rating: talk.rating ?? 0, changed_at: minutes(last) });
    c.queued_at = talk.queued ? minutes(talk.queued) : NEVER;
    const answered = hub.messages(c).filter((m) => m.author === 'agent').pop();
    c.read_by_agent = answered?.seq ?? 0;
    c.read_by_customer = answered?.seq ?? 0;
    if (talk.state === 'queued') Object.assign(c, { queue_place: 1, queue_estimate_s: 120 });
  }
  const [first, second] = hub.conversations();
  const li = agents[0];
  hub.newTicket({ conversation: first.id, department: 'logistics', subject: '退货件仓库质检超时', description: '客户退货审核 3 天未处理，请仓库优先质检。', fields: { order_number: 'QF20261119083312', wish: 'refund' }, deadline: new Date(Date.now() + 3 * 3600_000).toISOString() }, li);
  hub.newTicket({ conversation: second.id, department: 'logistics', subject: '包裹显示签收但未收到', description: '昨天 19:04 的订单显示已签收，客户未收到，要求赔偿。', fields: { order_number: 'QF20261118190455', lost_at: '2026-11-21 20:30', wish: 'compensation' }, deadline: minutes(45) }, agents[3]);
}
