import {Location} from "@delivery/js/location_selector/location/location";
import {LocationSelectorDialog} from "@delivery/js/location_selector/location_selector_dialog/location_selector_dialog";
import {MapContainer} from "@delivery/js/location_selector/map_container/map_container";
import {useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {rpc} from "@web/core/network/rpc";
import {patch} from "@web/core/utils/patch";

import {askPosition, formatDistance, getKnownPosition} from "./distance";
import {PointMap} from "./point_map";

// Of all delivery methods: Odoo's own map loads scripts and tiles from foreign hosts.
MapContainer.components = {...MapContainer.components, Map: PointMap};

patch(MapContainer.prototype, {
    setup() {
        this.state = useState({shouldLoadMap: true});
    },

    get additionalData() {
        return this.selectedLocation?.additional_data || {};
    },

    get position() {
        return getKnownPosition();
    },
});

patch(Location.prototype, {
    get isPickupPoint() {
        return Boolean(this.props.additionalData?.groupbuy);
    },

    get distanceText() {
        return formatDistance(this.props.additionalData?.metres ?? NaN);
    },
});

patch(LocationSelectorDialog.prototype, {
    setup() {
        super.setup(...arguments);
        this.state.position = getKnownPosition();
        this.state.locating = false;
        this.state.refused = false;
    },

    /**
     * Override of `delivery` to send the visitor's position as well.
     *
     * @param {String} text
     */
    async _getLocations(text) {
        if (!this.props.isFrontend) return super._getLocations(...arguments);
        return rpc(this.getLocationUrl, {
            order_id: this.props.orderId,
            zip_code: text,
            ...this.state.position,
        });
    },

    get postalCodePlaceholder() {
        return _t("Name, district or street");
    },

    get locateLabel() {
        return _t("Use my position");
    },

    get refusedMessage() {
        return _t("Your position is not known. Search by name, district or street.");
    },

    async locate() {
        this.state.locating = true;
        this.state.refused = false;
        try {
            this.state.position = await askPosition();
            this.state.locations = [];
            this.state.selectedLocationId = false;
            await this._updateLocations(this.state.zipCode);
        } catch {
            this.state.refused = true;
        } finally {
            this.state.locating = false;
        }
    },
});
