import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

import {formatDistance} from "./distance";

const SIZE = 100;
const MARGIN = 10;
// Metres of a degree of latitude.
const DEGREE = 111320;
const NICE_LENGTHS = [
    50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 500000,
];

/**
 * Points drawn to scale from their positions, north up, without anybody's map.
 */
export class PointMap extends Component {
    static template = "community_groupbuy.PointMap";
    static props = {
        locations: Array,
        selectedLocationId: {optional: true},
        setSelectedLocation: Function,
        position: {type: [Object, {value: null}], optional: true},
    };

    get label() {
        return _t("Pickup points, drawn to scale, north is up");
    }

    get youLabel() {
        return _t("You");
    }

    /**
     * @returns {Object} metres east and north of the middle, and metres shown in all
     */
    get frame() {
        const spots = this.placed.map(({latitude, longitude}) => ({
            latitude,
            longitude,
        }));
        if (this.props.position) spots.push(this.props.position);
        const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
        const latitude = middle(spots.map((spot) => spot.latitude));
        const longitude = middle(spots.map((spot) => spot.longitude));
        const east = DEGREE * Math.cos((latitude * Math.PI) / 180);
        const reach = Math.max(
            ...spots.map((spot) =>
                Math.max(
                    Math.abs(spot.latitude - latitude) * DEGREE,
                    Math.abs(spot.longitude - longitude) * east
                )
            ),
            100
        );
        return {latitude, longitude, east, scale: (SIZE / 2 - MARGIN) / reach};
    }

    /** @returns {Array} the points that have a position, as numbers */
    get placed() {
        return this.props.locations
            .map((location, index) => ({
                id: String(location.id),
                number: index + 1,
                name: location.name,
                latitude: Number(location.latitude),
                longitude: Number(location.longitude),
            }))
            .filter(({latitude, longitude}) => latitude || longitude);
    }

    draw(frame, {latitude, longitude}) {
        return {
            x: SIZE / 2 + (longitude - frame.longitude) * frame.east * frame.scale,
            y: SIZE / 2 - (latitude - frame.latitude) * DEGREE * frame.scale,
        };
    }

    getDrawing() {
        if (!this.placed.length) return null;
        const frame = this.frame;
        const selectedId = String(this.props.selectedLocationId);
        const markers = this.placed.map((point) => ({
            ...point,
            ...this.draw(frame, point),
            selected: point.id === selectedId,
        }));
        // The selected one is drawn last: on top.
        markers.sort((one, other) => one.selected - other.selected);
        const longest = SIZE / 3 / frame.scale;
        const metres =
            NICE_LENGTHS.findLast((length) => length <= longest) || NICE_LENGTHS[0];
        return {
            markers,
            you: this.props.position && this.draw(frame, this.props.position),
            bar: metres * frame.scale,
            barText: formatDistance(metres),
        };
    }

    select(id) {
        this.props.setSelectedLocation(id);
    }

    onKeydown(ev, id) {
        if (["Enter", " "].includes(ev.key)) {
            ev.preventDefault();
            this.select(id);
        }
    }
}
