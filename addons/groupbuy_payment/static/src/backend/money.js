import {Component, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {formatCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

/** Where the money is, and the proof that the books say so. */
export class GroupbuyMoney extends Component {
    static template = "groupbuy_payment.Money";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({tiles: [], currency_id: false, rules: [], busy: false});
        this.display = {controlPanel: {}};
        onWillStart(() => this.load());
    }

    async load() {
        Object.assign(
            this.state,
            await this.orm.call("groupbuy.money", "get_dashboard", [])
        );
    }

    async check() {
        this.state.busy = true;
        try {
            this.state.rules = await this.orm.call("groupbuy.money", "check_books", []);
            await this.load();
        } finally {
            this.state.busy = false;
        }
    }

    get isProven() {
        return this.state.rules.every((rule) => rule.ok);
    }

    money(amount) {
        return formatCurrency(amount, this.state.currency_id);
    }

    open(action) {
        this.action.doAction(action);
    }

    openRow(row) {
        if (row.id) {
            this.action.doAction({
                type: "ir.actions.act_window",
                res_model: row.model,
                res_id: row.id,
                views: [[false, "form"]],
            });
        }
    }
}

registry.category("actions").add("groupbuy_money", GroupbuyMoney);
