import {browser} from "@web/core/browser/browser";

const EARTH_RADIUS = 6371000;
const STORAGE_KEY = "groupbuy.position";
const radians = (degrees) => (degrees * Math.PI) / 180;

/**
 * @param {{latitude: Number, longitude: Number}} from
 * @param {{latitude: Number, longitude: Number}} to
 * @returns {Number} metres as the crow flies (haversine), NaN without both positions
 */
export function getDistance(from, to) {
    if (!from || !to || (!to.latitude && !to.longitude)) return NaN;
    const half =
        Math.sin(radians(to.latitude - from.latitude) / 2) ** 2 +
        Math.cos(radians(from.latitude)) *
            Math.cos(radians(to.latitude)) *
            Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
    return Math.round(2 * EARTH_RADIUS * Math.asin(Math.sqrt(Math.min(half, 1))));
}

/**
 * @param {Number} metres
 * @returns {String} "350 m", "1.2 km", "12 km"; "" where there is none
 */
export function formatDistance(metres) {
    if (!Number.isFinite(metres)) return "";
    if (metres < 1000) return `${Math.round(metres / 10) * 10} m`;
    return `${Number((metres / 1000).toFixed(metres < 9950 ? 1 : 0))} km`;
}

/**
 * Ask the browser where the visitor is.
 *
 * @returns {Promise<{latitude: Number, longitude: Number}>} kept for this visit;
 *     rejected when the visitor declines or the browser cannot tell
 */
export function askPosition() {
    return new Promise((resolve, reject) => {
        if (!browser.navigator.geolocation) {
            reject(new Error("no geolocation"));
            return;
        }
        browser.navigator.geolocation.getCurrentPosition(
            ({coords: {latitude, longitude}}) => {
                const position = {latitude, longitude};
                browser.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(position));
                resolve(position);
            },
            reject,
            {timeout: 10000, maximumAge: 300000}
        );
    });
}

/**
 * @returns {{latitude: Number, longitude: Number}|null} what was asked for earlier
 */
export function getKnownPosition() {
    try {
        return JSON.parse(browser.sessionStorage.getItem(STORAGE_KEY));
    } catch {
        return null;
    }
}
