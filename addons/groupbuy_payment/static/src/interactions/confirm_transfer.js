import {Interaction} from "@web/public/interaction";
import {registry} from "@web/core/registry";

/**
 * Opens WeChat's own page on which a payee confirms a transfer. Only WeChat's browser
 * can; elsewhere the payee confirms from the message that WeChat has sent.
 */
export class GroupbuyConfirmTransfer extends Interaction {
    static selector = ".o_groupbuy_confirm_transfer";
    dynamicContent = {
        _root: {
            "t-on-click": this.onClick,
            "t-att-class": () => ({"d-none": !window.WeixinJSBridge}),
        },
        _document: {"t-on-WeixinJSBridgeReady": () => undefined},
    };

    onClick() {
        window.WeixinJSBridge.invoke(
            "requestMerchantTransfer",
            JSON.parse(this.el.dataset.transfer),
            // What became of it is for WeChat Pay to say: the page asks the server.
            () => window.location.reload()
        );
    }
}

registry
    .category("public.interactions")
    .add("groupbuy_payment.confirm_transfer", GroupbuyConfirmTransfer);
