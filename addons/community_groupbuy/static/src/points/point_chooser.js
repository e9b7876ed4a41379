import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

import {askPosition, formatDistance, getDistance, getKnownPosition} from "./distance";
import {PointMap} from "./point_map";

/**
 * Pickup points, nearest first, on a map and as a list.
 */
export class PointChooser extends Component {
    static template = "community_groupbuy.PointChooser";
    static components = {PointMap};
    static props = {
        points: Array,
        // What is chosen, shared with whoever shows this: {id}.
        choice: Object,
        choose: Function,
    };

    setup() {
        this.choice = useState(this.props.choice);
        this.state = useState({
            position: getKnownPosition(),
            locating: false,
            refused: false,
        });
        this.closedLabels = {resting: _t("Resting"), full: _t("Full")};
    }

    getLocations() {
        const located = this.props.points.map((point) => ({
            ...point,
            metres: getDistance(this.state.position, point),
        }));
        if (this.state.position) {
            const rank = ({metres}) => (Number.isFinite(metres) ? metres : Infinity);
            located.sort((one, other) => rank(one) - rank(other) || 0);
        }
        return located;
    }

    formatDistance(metres) {
        return formatDistance(metres);
    }

    choose(id) {
        const point = this.props.points.find((one) => one.id === String(id));
        if (point && !point.closed) this.props.choose(point.id);
    }

    async locate() {
        this.state.locating = true;
        this.state.refused = false;
        try {
            this.state.position = await askPosition();
        } catch {
            this.state.refused = true;
        } finally {
            this.state.locating = false;
        }
    }
}
