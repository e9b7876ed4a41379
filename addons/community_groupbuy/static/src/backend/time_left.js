import {Component, onWillUnmount, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const {DateTime} = luxon;

/**
 * @param {luxon.DateTime} end
 * @param {luxon.DateTime} now
 * @returns {String} the two largest units, such as "2 d 4 h" or "35 min"
 */
export function formatTimeLeft(end, now = DateTime.now()) {
    const minutes = Math.ceil(end.diff(now).as("minutes"));
    if (minutes <= 0) {
        return _t("over");
    }
    const parts = {
        days: Math.floor(minutes / 1440),
        hours: Math.floor(minutes / 60) % 24,
        minutes: minutes % 60,
    };
    if (parts.days) {
        return _t("%(days)s d %(hours)s h", parts);
    }
    return parts.hours
        ? _t("%(hours)s h %(minutes)s min", parts)
        : _t("%(minutes)s min", parts);
}

/** Shows how long it is until a date, and keeps counting. */
export class TimeLeft extends Component {
    static template = "community_groupbuy.TimeLeft";
    static props = {end: {type: Object, optional: true}};

    setup() {
        this.state = useState({now: DateTime.now()});
        const timer = setInterval(() => (this.state.now = DateTime.now()), 30000);
        onWillUnmount(() => clearInterval(timer));
    }

    get text() {
        return this.props.end ? formatTimeLeft(this.props.end, this.state.now) : "";
    }

    get isSoon() {
        return this.props.end && this.props.end.diff(this.state.now).as("hours") < 3;
    }
}

export class TimeLeftField extends Component {
    static template = "community_groupbuy.TimeLeftField";
    static components = {TimeLeft};
    static props = {...standardFieldProps};
}

registry.category("fields").add("groupbuy_time_left", {
    component: TimeLeftField,
    displayName: _t("Time Left"),
    supportedTypes: ["datetime"],
});
