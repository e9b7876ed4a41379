import {Component, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {PointMap} from "@community_groupbuy/points/point_map";
import {askPosition, getDistance} from "@community_groupbuy/points/distance";

const VIEW = 100;
const DEGREE = 111320;
const DIGITS = 1e6;
// Metres of one press of an arrow.
const STRIDE = 20;
// Other points further away than so many metres would only make the map small.
const NEAR = 3000;

/**
 * Where a click on the drawing lies.
 *
 * @param {Object} frame of `PointMap`
 * @param {Number} x on the drawing, to the right, up to 100
 * @param {Number} y on the drawing, downwards, up to 100
 * @returns {{latitude: Number, longitude: Number}} to a tenth of a metre
 */
export function toPosition(frame, x, y) {
    const round = (degrees) => Math.round(degrees * DIGITS) / DIGITS;
    return {
        latitude: round(frame.latitude + (VIEW / 2 - y) / frame.scale / DEGREE),
        longitude: round(frame.longitude + (x - VIEW / 2) / frame.scale / frame.east),
    };
}

/**
 * The map of points on which a click says: here.
 */
class PositionMap extends PointMap {
    static template = "groupbuy_leader.PositionMap";
    static props = {...PointMap.props, pick: Function};

    onClick(ev) {
        const svg = ev.currentTarget.querySelector("svg");
        const matrix = svg && svg.getScreenCTM();
        // Another point is a landmark; nobody opens a second one on top of it.
        if (!matrix || ev.target.closest(".o_groupbuy_map_point")) return;
        const spot = new DOMPoint(ev.clientX, ev.clientY);
        const {x, y} = spot.matrixTransform(matrix.inverse());
        this.props.pick(toPosition(this.frame, x, y));
    }
}

/**
 * Choose a position: by the phone's own, by a click on the map, step by step.
 */
export class PositionPicker extends Component {
    static template = "groupbuy_leader.PositionPicker";
    static components = {PositionMap};
    static props = {
        // Shared with the form: {latitude, longitude}, 0 for none.
        position: Object,
        pick: Function,
        // The pickup points that are there: {id, name, latitude, longitude}.
        points: Array,
    };

    setup() {
        this.position = useState(this.props.position);
        this.state = useState({locating: false, refused: false});
        this.arrows = [
            {name: "north", icon: "fa-arrow-up", label: _t("North"), step: [1, 0]},
            {name: "south", icon: "fa-arrow-down", label: _t("South"), step: [-1, 0]},
            {name: "west", icon: "fa-arrow-left", label: _t("West"), step: [0, -1]},
            {name: "east", icon: "fa-arrow-right", label: _t("East"), step: [0, 1]},
        ];
    }

    get isKnown() {
        return Boolean(this.position.latitude || this.position.longitude);
    }

    get locations() {
        if (!this.isKnown) return this.props.points;
        const near = this.props.points.filter(
            (point) => getDistance(this.position, point) < NEAR
        );
        return [{id: "here", name: _t("Here"), ...this.position}, ...near];
    }

    get text() {
        const {latitude, longitude} = this.position;
        return `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
    }

    async locate() {
        this.state.locating = true;
        this.state.refused = false;
        try {
            this.props.pick(await askPosition());
        } catch {
            this.state.refused = true;
        } finally {
            this.state.locating = false;
        }
    }

    move([north, east]) {
        const {latitude, longitude} = this.position;
        const metres = DEGREE * Math.cos((latitude * Math.PI) / 180);
        this.props.pick({
            latitude: latitude + (north * STRIDE) / DEGREE,
            longitude: longitude + (east * STRIDE) / metres,
        });
    }
}
