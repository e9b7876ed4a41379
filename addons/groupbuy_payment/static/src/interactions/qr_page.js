import {Interaction} from "@web/public/interaction";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

// Between two polls, in milliseconds.
const POLL = 2000;
const POLL_SLOWLY = 10000;
const POLL_AFTER_FAILURE = 5000;
// With every third poll the provider is asked, too: no notification may have come.
const ASK_EVERY = 3;
// Codes are good for two hours.
const CODE_LIFE = 100 * 60 * 1000;

/**
 * The page of one payment: shows its QR code and renews it, or starts WeChat, and goes
 * on by itself once the payment is made, failed, or its time is over.
 */
export class QrPage extends Interaction {
    static selector = ".o_groupbuy_pay";
    dynamicContent = {
        _document: {"t-on-visibilitychange": this.onVisibilityChange},
        ".o_groupbuy_pay_start": {"t-on-click": this.startWechat},
        ".o_groupbuy_pay_ask": {"t-on-click": this.onAsk},
        ".o_groupbuy_pay_again": {"t-on-click": this.onAgain},
    };

    setup() {
        this.polls = 0;
        this.codeUntil = 0;
        this.endsAt = Date.now() + Number(this.el.dataset.seconds) * 1000;
    }

    start() {
        this.tick();
        if (this.el.dataset.failed) {
            this.show("failed");
        } else if (this.el.dataset.product === "jsapi") {
            this.startWechat();
        }
        this.poll();
    }

    /** Back from the app: the payment may have been made there. */
    onVisibilityChange() {
        if (!document.hidden) this.poll(true);
    }

    async onAsk() {
        await this.waitFor(this.poll(true));
        this.el.querySelector(".o_groupbuy_pay_asked").classList.remove("d-none");
    }

    onAgain() {
        if (this.el.dataset.product === "native") {
            this.show("waiting");
            this.poll();
        } else {
            browser.location.reload();
        }
    }

    show(state) {
        this.el.dataset.shows = state;
        for (const el of this.el.querySelectorAll("[data-when]")) {
            el.classList.toggle("d-none", el.dataset.when !== state);
        }
    }

    tick() {
        const seconds = Math.max(Math.ceil((this.endsAt - Date.now()) / 1000), 0);
        const minutes = Math.floor(seconds / 60);
        const left = this.el.querySelector(".o_groupbuy_pay_left");
        left.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
        if (!seconds) this.show("over");
        this.waitForTimeout(this.tick, 1000);
    }

    async poll(ask = false) {
        if (this.polling) return;
        clearTimeout(this.timer);
        this.polling = true;
        this.polls += 1;
        const over = document.hidden || this.el.dataset.shows === "over";
        let pause = over ? POLL_SLOWLY : POLL;
        try {
            await this.waitFor(this.update(ask || this.polls % ASK_EVERY === 0));
        } catch {
            pause = POLL_AFTER_FAILURE;
        }
        this.polling = false;
        if (this.leaving) return;
        this.timer = this.waitForTimeout(() => this.poll(), pause);
    }

    async update(ask) {
        const {pollUrl, accessToken, product, shows} = this.el.dataset;
        const image =
            product === "native" && shows === "waiting" && Date.now() > this.codeUntil;
        const answer = await rpc(
            pollUrl,
            {access_token: accessToken, ask, image},
            {silent: true}
        );
        if (answer.url) {
            this.leaving = true;
            browser.location.assign(answer.url);
            return;
        }
        this.endsAt = Date.now() + answer.seconds * 1000;
        if (answer.state === "cancel" || !answer.seconds) {
            this.show("over");
        } else if (answer.error) {
            this.el.querySelector(".o_groupbuy_pay_error").textContent = answer.error;
            this.show("failed");
        } else if (answer.image) {
            this.codeUntil = Date.now() + CODE_LIFE;
            const code = this.el.querySelector(".o_groupbuy_pay_code");
            code.src = answer.image;
            code.classList.remove("d-none");
            this.el.querySelector(".o_groupbuy_pay_loading").classList.add("d-none");
        }
    }

    /** Ask WeChat's own browser to let its user pay. */
    startWechat() {
        const values = JSON.parse(this.el.dataset.payValues);
        const invoke = () =>
            window.WeixinJSBridge.invoke("getBrandWCPayRequest", values, () =>
                this.poll(true)
            );
        if (window.WeixinJSBridge) {
            invoke();
        } else {
            document.addEventListener("WeixinJSBridgeReady", invoke, {once: true});
        }
    }
}

registry.category("public.interactions").add("groupbuy_payment.QrPage", QrPage);
