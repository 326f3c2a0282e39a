// The widget and the workspace as a person uses them, by the test ids that plugins/web/frontend/README.md lists.

/** Opens the demo shop and its chat. */
export async function widget(page, hub, {navigate = true} = {}) {
  if (navigate) await page.goto(`${hub.url}/`);
  const panel = page.getByTestId('panel');
  if (!(await panel.isVisible())) await page.getByTestId('launcher').click();
  await panel.waitFor();
  return {
    messages: author => page.locator(`[data-testid=message][data-author=${author}]`),
    async say(text) {
      await page.getByTestId('input').fill(text);
      await page.getByTestId('send').click();
      await page.locator('[data-testid=message][data-author=customer]').filter({hasText: text}).last().waitFor();
    },
  };
}

/** Logs an agent in through the page. */
export async function login(page, hub, name, password = 'qiao-demo-2026') {
  await page.goto(`${hub.url}/workspace/`);
  await page.getByTestId('login-name').fill(name);
  await page.getByTestId('login-password').fill(password);
  await page.getByTestId('login-submit').click();
  await page.getByTestId('presence').waitFor({state: 'attached'});  // on a phone it is behind a button
}
