(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const slider = document.getElementById("threshold");
  const choice = document.getElementById("label");
  const truth = document.getElementById("truth");
  const order = document.getElementById("order");
  const shown = document.getElementById("shown-threshold");
  const patterns = document.getElementById("patterns").content;
  const totals = [...document.querySelectorAll(".total-value")];
  const pictures = [...document.querySelectorAll(".picture")];
  const near = new Set();
  const CHARACTER = 7.8, MARGIN = 5, PLATE = 18;
  let threshold = 50, label = -1, ordered = order && order.querySelector("[selected]").value;

  const fraction = (percent) => (percent / 100).toFixed(2);
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  };

  function frame([number, , x, y, width, height]) {
    const made = patterns.querySelector(".frame").cloneNode(true);
    made.setAttribute("class", "c" + data.labels[number][2]);
    for (const rectangle of made.children) set(rectangle, { x, y, width, height });
    return made;
  }

  function plate([number, percent, , , , , x, y, code, right]) {
    const [text, ownWidth, colour] = data.labels[number];
    const tail = " " + fraction(percent) + (right === 0 ? " ✕" : "");
    const width = ownWidth + tail.length * CHARACTER, whole = width + 2 * MARGIN;
    const end = code & 1, below = code & 2;
    const made = patterns.querySelector(".plate").cloneNode(true);
    set(made, { class: "plate c" + colour, transform: `translate(${x} ${y})` });
    const [rectangle, content] = made.firstElementChild.children;
    set(rectangle, { x: end ? -whole : 0, y: below ? 0 : -PLATE, width: whole });
    set(content, { x: end ? MARGIN - whole : MARGIN, y: below ? 13.5 : -4.5, textLength: width });
    content.textContent = text + tail;
    return made;
  }

  /* The same words as tasks/compare/gallery.py's. */
  function caption(boxes, expected) {
    if (expected < 0 || label >= 0) return boxes.length + " found";
    const right = boxes.filter((box) => box[9] === 1).length;
    const wrong = boxes.filter((box) => box[9] === 0).length;
    const rest = boxes.length - right - wrong;
    const unjudged = rest ? `, ${rest} not judged` : "";
    return `${boxes.length} found: ${right} right, ${wrong} wrong${unjudged}, ${expected - right} missed`;
  }

  function draw(picture) {
    const state = threshold + " " + label;
    if (picture.dataset.drawn === state) return;
    picture.dataset.drawn = state;
    const { boxes: all, expected } = data.pictures[Number(picture.dataset.picture)];
    for (const view of picture.querySelectorAll(".view")) {
      const network = Number(view.dataset.network);
      if (!all[network]) continue;
      const boxes = all[network].filter(
        (box) => box[1] >= threshold && (label < 0 || box[0] === label)
      );
      const worstFirst = [...boxes].reverse();
      view.querySelector(".frames").replaceChildren(...worstFirst.map(frame));
      view.querySelector(".plates").replaceChildren(...worstFirst.map(plate));
      view.parentElement.querySelector(".caption").textContent = caption(boxes, expected[network]);
      const listed = boxes.map((box) => data.labels[box[0]][0] + " " + fraction(box[1]));
      view.setAttribute("aria-label", view.dataset.label + (listed.join(", ") || "no boxes"));
    }
  }

  function count(counts) {
    const place = (threshold - 5) / 5;
    const rows = label < 0 ? Object.values(counts) : [counts[label] || []];
    return rows.reduce((sum, row) => sum + (row[place] || 0), 0);
  }

  /* Pictures on which the network is not judged come last; equal ones as in the set. */
  function arrange() {
    if (!order || order.value === ordered) return;
    ordered = order.value;
    const keys = new Map(pictures.map((picture) => {
      const { place, f1 } = data.pictures[Number(picture.dataset.picture)];
      return [picture, [ordered === "" ? 0 : f1[Number(ordered)] ?? 2, place]];
    }));
    const before = (one, other) => keys.get(one)[0] - keys.get(other)[0] || keys.get(one)[1] - keys.get(other)[1];
    pictures.sort(before);
    pictures[0].parentElement.append(...pictures);
  }

  function apply() {
    threshold = Number(slider.value);
    label = choice.value === "" ? -1 : Number(choice.value);
    shown.textContent = fraction(threshold);
    slider.setAttribute("aria-valuetext", fraction(threshold));
    for (const total of totals) {
      const counts = data.counts[Number(total.dataset.network)];
      if (counts) total.textContent = count(counts).toLocaleString("en");
    }
    if (truth) document.body.classList.toggle("no-truth", !truth.checked);
    arrange();
    near.forEach(draw);
  }

  /* Only what is near the window is drawn: the rest waits until it comes near, or is printed. */
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) { near.add(target); draw(target); } else near.delete(target);
    }
  }, { rootMargin: "800px 0px" });

  for (const picture of pictures) {
    picture.dataset.drawn = "50 -1";
    watch.observe(picture);
  }
  addEventListener("beforeprint", () => pictures.forEach(draw));
  const controls = document.getElementById("controls");
  controls.hidden = false;
  controls.addEventListener("input", apply);
  controls.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
