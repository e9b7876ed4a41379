import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {deserializeDate, deserializeDateTime} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {Layout} from "@web/search/layout";
import {TimeLeft} from "./time_left";
import {formatCurrency} from "@web/core/currency";
import {imageUrl} from "@web/core/utils/urls";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const SECONDS = 30;

/** The app's first page: what runs, what waits, what hangs. */
export class GroupbuyDashboard extends Component {
    static template = "community_groupbuy.Dashboard";
    static components = {Layout, TimeLeft};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({tiles: [], sales: [], campaigns: []});
        this.display = {controlPanel: {}};
        onWillStart(() => this.load());
        const timer = setInterval(() => this.refresh(), SECONDS * 1000);
        onWillUnmount(() => clearInterval(timer));
    }

    async load() {
        Object.assign(
            this.state,
            await this.orm.silent.call("groupbuy.campaign", "get_dashboard", [])
        );
    }

    async refresh() {
        if (document.visibilityState !== "visible") {
            return;
        }
        try {
            await this.load();
        } catch {
            // The next time will do; what is shown stays.
        }
    }

    // Numbers

    money(amount, options = {}) {
        return formatCurrency(amount, this.state.currency_id, options);
    }

    sum(key, days = 7) {
        return this.state.sales
            .slice(-days)
            .reduce((total, day) => total + day[key], 0);
    }

    get bars() {
        const highest = Math.max(...this.state.sales.map((day) => day.amount), 1);
        return this.state.sales.map((day) => {
            const date = deserializeDate(day.date);
            return {
                ...day,
                weekday: date.toFormat("ccc"),
                height: Math.max((100 * day.amount) / highest, 2),
                title: _t("%(date)s: %(count)s orders, %(amount)s", {
                    date: date.toLocaleString(),
                    count: day.count,
                    amount: this.money(day.amount),
                }),
            };
        });
    }

    // Campaigns

    end(campaign) {
        return deserializeDateTime(campaign.date_close);
    }

    percent(campaign) {
        const progress =
            campaign.state === "closing"
                ? campaign.closing_progress
                : campaign.progress;
        return Math.min(Math.round(progress), 100);
    }

    hasBar(campaign) {
        return (
            campaign.state === "closing" ||
            campaign.goal_type !== "none" ||
            campaign.progress
        );
    }

    imageUrl(campaign) {
        return imageUrl("groupbuy.campaign", campaign.id, "image_128", {
            unique: campaign.write_date,
        });
    }

    // Actions

    openTile(tile) {
        this.action.doAction(tile.action, {
            additionalContext: {create: tile.name === "draft"},
        });
    }

    openCampaign(campaign) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "groupbuy.campaign",
            res_id: campaign.id,
            views: [[false, "form"]],
        });
    }

    openAll() {
        this.action.doAction("community_groupbuy.groupbuy_campaign_action");
    }

    createFromProducts() {
        this.action.doAction("community_groupbuy.groupbuy_campaign_create_action");
    }

    openReport() {
        this.action.doAction("community_groupbuy.sale_report_action");
    }
}

registry.category("actions").add("groupbuy_dashboard", GroupbuyDashboard);
