import {Component, onMounted, onWillUnmount} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const SECONDS = 3;

/** Shows how far the closing is, and follows it while the form is open. */
export class ClosingProgress extends Component {
    static template = "community_groupbuy.ClosingProgress";
    static props = {...standardWidgetProps};

    setup() {
        onMounted(() => this.schedule());
        onWillUnmount(() => {
            clearTimeout(this.timer);
            this.isGone = true;
        });
    }

    schedule() {
        this.timer = setTimeout(() => this.refresh(), SECONDS * 1000);
    }

    async refresh() {
        const {record} = this.props;
        // What somebody is typing is worth more than a fresh number.
        if (
            record.data.state === "closing" &&
            document.visibilityState === "visible" &&
            !(await record.isDirty())
        ) {
            await record.load();
        }
        if (!this.isGone) {
            this.schedule();
        }
    }

    get text() {
        const {order_count: total, pending_count: pending} = this.props.record.data;
        return _t("%(processed)s of %(total)s orders processed", {
            processed: total - pending,
            total,
        });
    }

    get percent() {
        return Math.round(this.props.record.data.closing_progress);
    }
}

registry.category("view_widgets").add("groupbuy_closing", {
    component: ClosingProgress,
    fieldDependencies: [
        {name: "state", type: "selection", readonly: true},
        {name: "outcome", type: "selection", readonly: true},
        {name: "order_count", type: "integer", readonly: true},
        {name: "pending_count", type: "integer", readonly: true},
        {name: "closing_progress", type: "float", readonly: true},
    ],
});
