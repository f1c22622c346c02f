(() => {
  const kind = document.getElementById("kind");
  const label = document.getElementById("label");
  const shown = document.getElementById("shown");
  const pictures = [...document.querySelectorAll(".picture")];

  function isWanted({ dataset }) {
    if (kind.value === "noted" && !("noted" in dataset)) return false;
    if (["train", "test"].includes(kind.value) && dataset.split !== kind.value) return false;
    return label.value === "" || dataset.labels.split(" ").includes(label.value);
  }

  function apply() {
    for (const picture of pictures) picture.hidden = !isWanted(picture);
    const count = pictures.filter((picture) => !picture.hidden).length;
    shown.textContent = count === 1 ? "1 picture" : count.toLocaleString("en") + " pictures";
  }

  const controls = document.getElementById("controls");
  controls.hidden = false;
  controls.addEventListener("input", apply);
  controls.addEventListener("submit", (event) => event.preventDefault());
  apply();
})();
