/* Shows in JupyterLab what the hub tells everybody: that it stops, or restarts.

   This is a module as JupyterLab's loader wants it, written by hand. It imports nothing
   and uses JupyterLab's command for notifications, so no build is needed. */
"use strict";

(() => {
  const SECONDS = 5;

  function activate(app) {
    const settings = app.serviceManager.serverSettings;
    let shown = "";
    let id = null;

    async function ask() {
      const cookie = document.cookie.match(/\b_xsrf=([^;]*)/);
      const headers = { "X-XSRFToken": cookie ? cookie[1] : "" };
      if (settings.token) headers.Authorization = `token ${settings.token}`;
      const address = `${settings.baseUrl}unrolled/notice`;
      const answer = await fetch(address, { headers, cache: "no-store" });
      return answer.ok ? (await answer.json()).text : shown;
    }

    async function show(text) {
      if (text === shown) return;
      if (id !== null) {
        await app.commands.execute("apputils:dismiss-notification", { id });
      }
      shown = text;
      id = text && await app.commands.execute("apputils:notify", {
        message: text, type: "warning", options: { autoClose: false },
      }) || null;
    }

    async function look() {
      if (document.hidden) return; // as JupyterLab does: nobody would see it
      try {
        await show(await ask());
      } catch (error) {
        // The hub is away for a moment; what is shown stays until it says otherwise.
      }
    }

    document.addEventListener("visibilitychange", look);
    setInterval(look, SECONDS * 1000);
    look();
  }

  const plugin = { id: "unrolled-notice:plugin", autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["unrolled-notice"] = {
    init: () => {},
    get: async () => () => ({ __esModule: true, default: plugin }),
  };
})();
