/**
 * @param {[number, number][]} ladder steps [from quantity, price], rising, the base first
 * @param {number} quantity pieces bought together
 * @returns {number} the unit price
 */
export function priceAt(ladder, quantity) {
    let price = ladder[0][1];
    for (const [from, stepPrice] of ladder) {
        if (from <= quantity) price = stepPrice;
    }
    return price;
}

/**
 * @returns {[number, number] | undefined} the first step that `quantity` does not reach
 */
export function nextStep(ladder, quantity) {
    return ladder.find(([from]) => from > quantity);
}

/**
 * @param {number} wanted what was typed
 * @param {{pack: number, max?: number, remaining?: number}} limits in pieces; a limit
 *     that is not a number does not limit
 * @returns {number} the nearest number of pieces, in whole packs, that can be had
 */
export function clampQuantity(wanted, {pack, max, remaining}) {
    const limit = Math.min(
        ...[max, remaining].map((value) => (Number.isFinite(value) ? value : Infinity))
    );
    const pieces = Number.isFinite(wanted) ? Math.min(Math.max(wanted, 0), limit) : 0;
    const packs = Number.isFinite(limit)
        ? Math.min(Math.ceil(pieces / pack), Math.floor(limit / pack))
        : Math.ceil(pieces / pack);
    return packs * pack;
}

/**
 * @param {{ladder: [number, number][], paid: number, compare: number,
 *     chosen: number}[]} offers
 * @returns {{total: number, saving: number, pieces: number}} what a join costs now, and
 *     how much less that is than in the shop
 */
export function sumUp(offers) {
    const sum = {total: 0, saving: 0, pieces: 0};
    for (const {ladder, paid, compare, chosen} of offers) {
        const price = priceAt(ladder, paid + chosen);
        sum.total += price * chosen;
        sum.saving += Math.max(compare - price, 0) * chosen;
        sum.pieces += chosen;
    }
    return sum;
}
