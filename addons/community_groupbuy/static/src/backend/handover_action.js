import {Component} from "@odoo/owl";
import {HandoverDesk} from "../handover/handover_desk";
import {Layout} from "@web/search/layout";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";

/** The desk inside the backend. */
export class HandoverAction extends Component {
    static template = "community_groupbuy.HandoverAction";
    static components = {HandoverDesk, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.display = {controlPanel: {}};
    }
}

registry.category("actions").add("groupbuy_handover", HandoverAction);
