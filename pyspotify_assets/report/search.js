// The search above a chart of ranks: what is found keeps its colour in the chart, all else fades, and its ranks are said.
const LISTED_TRACKS = 8;
const PATIENCE_MS = 250; // A screen reader would read out an answer per letter.

function offerSearch(box, view) {
  const { artists, tracks, keys, words, singular } = JSON.parse(box.querySelector("script").textContent);
  const field = box.querySelector("input");
  const clear = box.querySelector("button");
  const answer = box.querySelector("[role=status] p");
  const list = box.querySelector("ol");
  const language = document.documentElement.lang;
  const number = (value) => value.toLocaleString(language);
  const element = (name, text = "") => Object.assign(document.createElement(name), { textContent: text });
  const say = (word, n) => words[word][words[word].length > 1 && !singular.includes(n) ? 1 : 0].replace("{n}", number(n));
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
  const plainArtists = artists.map(plain);
  const plainTitles = tracks.map(([, title]) => plain(title));

  // Places in `tracks`: those of the artist who is named exactly, or else whatever has the text in artist or title.
  function find(text) {
    const artist = plainArtists.indexOf(text);
    return tracks.flatMap(([, , credited], place) => {
      const found = artist >= 0 ? credited === artist : plainArtists[credited].includes(text) || plainTitles[place].includes(text);
      return found ? [place] : [];
    });
  }

  function item(place) {
    const [rank, title, artist] = tracks[place];
    const line = element("li");
    line.append(element("span", number(rank)), " ", element("b", title), ` ${artists[artist]}`);
    return line;
  }

  function show() {
    const text = plain(field.value);
    const found = text ? find(text) : [];
    const drawn = found.filter((place) => place < keys.length);
    view.signal("found", drawn.length ? drawn.map((place) => keys[place]) : null).runAsync();
    list.replaceChildren(...found.slice(0, LISTED_TRACKS).map(item));
    if (found.length > LISTED_TRACKS) list.append(element("li", say("more", found.length - LISTED_TRACKS)));
    const lines = drawn.length ? say("drawn", drawn.length) : say("outside", 0);
    answer.textContent = !text ? "" : !found.length ? say("none", 0) : `${say("found", found.length)} ${lines}`;
  }

  let waiting;
  field.addEventListener("input", () => {
    clear.disabled = !field.value; // At once: Tab may follow.
    clearTimeout(waiting);
    waiting = setTimeout(show, PATIENCE_MS);
  });
  const empty = () => {
    field.value = "";
    clear.disabled = true;
    clearTimeout(waiting);
    show();
    field.focus();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    empty();
  });
  clear.addEventListener("click", empty);
  box.querySelector("datalist").append(...artists.map((value) => new Option(value, value)));
  box.hidden = false;
}
