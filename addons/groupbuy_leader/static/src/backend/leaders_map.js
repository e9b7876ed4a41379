import {Component, onWillStart, useState} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {PointMap} from "@community_groupbuy/points/point_map";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

/**
 * Where the leaders' points are, with what each of them is worth.
 */
export class LeadersMap extends Component {
    static template = "groupbuy_leader.LeadersMap";
    static components = {Layout, PointMap};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.display = {controlPanel: {}};
        this.state = useState({points: [], selected: null});
        onWillStart(async () => {
            this.state.points = await this.orm.call(
                "groupbuy.leader",
                "get_map_points",
                []
            );
        });
    }

    select(id) {
        this.state.selected = Number(id);
    }

    open(point) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "groupbuy.leader",
            res_id: point.leader_id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("groupbuy_leader.map", LeadersMap);
