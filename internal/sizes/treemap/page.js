'use strict';
(() => {
  const $ = id => document.getElementById(id);
  const number = n => n.toLocaleString('en-US');
  const signed = n => (n > 0 ? '+' : '') + number(n);
  const none = '(no package)';
  let files = [];
  let root, current; // nodes

  // Hues of types of data; others get one from their name.
  const hues = {
    'code': 215, 'runtime tables': 275, 'type descriptors': 320, 'strings': 140, 'constants': 95, 'variables': 45,
    'relocations': 20, 'debug information': 185, 'symbols': 165, 'notes and build information': 250, 'headers': 0, 'padding': 0,
  };
  const hue = type => hues[type] ?? [...type].reduce((h, c) => (h * 31 + c.charCodeAt(0)) % 360, 7);

  // A node has children by name, or none; a and b are its bytes in the file and in the one it is compared with.
  const node = (name, parent) => ({name, parent, children: new Map(), a: 0, b: 0, changed: 0, type: ''});
  const child = (parent, name) => {
    let n = parent.children.get(name);
    if (!n) parent.children.set(name, n = node(name, parent));
    return n;
  };

  // The names of the nodes from the root down to an item, by the way of grouping; null leaves the item out.
  const paths = {
    module: (m, p, i) => p ? [m || '(unknown module)', p, i.type, leaf(i)] : [none, i.type, leaf(i)],
    package: (m, p, i) => [p || none, i.type, leaf(i)],
    section: (m, p, i) => [i.section || '(headers)', p || none, leaf(i)],
    type: (m, p, i) => [i.type, p || none, leaf(i)],
    tables: (m, p, i) => i.type === 'runtime tables' ? [i.name || i.section, p || none] : null,
  };
  const leaf = i => i.name || i.section || i.type;

  function build(file, base, group) {
    const top = node(file.name, null);
    const add = (f, side) => {
      for (const m of f.modules) for (const p of m.packages) for (const i of p.items) {
        const path = paths[group](m.name, p.name, i);
        if (!path) continue;
        let n = top;
        for (const name of path) n = child(n, name);
        n[side] += i.bytes;
        n.type = i.type;
      }
    };
    add(file, 'a');
    if (base) add(base, 'b');
    const total = n => {
      if (n.children.size === 0) {
        n.changed = base ? Math.abs(n.a - n.b) : 0;
        return;
      }
      const byType = new Map();
      for (const c of n.children.values()) {
        total(c);
        n.a += c.a; n.b += c.b; n.changed += c.changed;
        byType.set(c.type, (byType.get(c.type) || 0) + Math.max(c.a, c.b));
      }
      n.type = [...byType].reduce((x, y) => y[1] > x[1] ? y : x)[0]; // the one with most bytes
    };
    total(top);
    return top;
  }

  const comparing = () => $('base').value !== '';
  const weight = n => !comparing() ? n.a : $('only').checked ? n.changed : Math.max(n.a, n.b);
  const sorted = n => [...n.children.values()].filter(c => weight(c) > 0).sort((x, y) => weight(y) - weight(x) || (x.name < y.name ? -1 : 1));

  function color(n) {
    if (!comparing()) return n.type === 'headers' || n.type === 'padding' ? 'var(--neutral)' : `hsl(${hue(n.type)} var(--saturation) var(--lightness))`;
    const delta = n.a - n.b;
    if (delta === 0) return 'var(--neutral)';
    const strength = Math.min(1, Math.abs(delta) / Math.max(n.a, n.b) * 2) * 45 + 30;
    return `hsl(${delta > 0 ? 14 : 205} ${strength}% var(--lightness))`;
  }

  // Squarified: rows along the shorter side, each as long as that makes its boxes squarer.
  function squarify(items, x, y, w, h) {
    const out = [];
    let sum = items.reduce((s, n) => s + weight(n), 0);
    let i = 0;
    while (i < items.length && w > 0 && h > 0 && sum > 0) {
      const side = Math.min(w, h), scale = w * h / sum;
      let row = [], area = 0, best = Infinity;
      while (i + row.length < items.length) {
        const next = weight(items[i + row.length]) * scale;
        const all = area + next, thick = all / side;
        const first = row.length ? weight(row[0]) * scale : next;
        const worst = Math.max(first / thick / thick, thick * thick / next);
        if (row.length && worst > best) break;
        best = worst; area = all; row.push(items[i + row.length]);
      }
      const thick = area / side;
      let at = 0;
      for (const n of row) {
        const length = weight(n) * scale / thick;
        out.push(w >= h ? {n, x, y: y + at, w: thick, h: length} : {n, x: x + at, y, w: length, h: thick});
        at += length;
      }
      if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
      sum -= area / scale;
      i += row.length;
    }
    return out;
  }

  const title = 16; // height in pixels of the line with the name of a box that has others in it

  function draw() {
    const map = $('map'), query = $('search').value.trim().toLowerCase();
    map.textContent = '';
    const place = (n, x, y, w, h, depth, inside) => {
      for (const r of squarify(sorted(n), x, y, w, h)) {
        if (r.w < 3 || r.h < 3) continue;
        const box = document.createElement('div');
        box.className = 'box';
        box.tabIndex = -1;
        box.setAttribute('role', 'button');
        box.setAttribute('aria-label', describe(r.n));
        box.title = describe(r.n);
        box.style.cssText = `left:${r.x}px;top:${r.y}px;width:${r.w}px;height:${r.h}px;background:${color(r.n)}`;
        if (r.w > 24 && r.h > 14) box.textContent = r.n.name;
        const hit = query !== '' && r.n.name.toLowerCase().includes(query);
        if (hit) box.classList.add('hit');
        if (query !== '' && !hit && !inside && !matches(r.n, query)) box.classList.add('dim');
        box.node = r.n;
        box.depth = depth;
        map.append(box);
        if (r.n.children.size > 0 && depth < 4 && r.w > 30 && r.h > title + 12) place(r.n, r.x + 2, r.y + title, r.w - 4, r.h - title - 2, depth + 1, inside || hit);
      }
    };
    place(current, 0, 0, map.clientWidth, map.clientHeight, 1, false);
    const first = map.querySelector('.box');
    if (first) first.tabIndex = 0;
    else map.textContent = comparing() ? 'Nothing differs here.' : 'Nothing here.';
    crumbs();
    rows(query);
    legend();
    $('status').textContent = describe(current);
    $('onlyLabel').hidden = !comparing();
  }

  function matches(n, query) {
    if (n.name.toLowerCase().includes(query)) return true;
    for (const c of n.children.values()) if (matches(c, query)) return true;
    return false;
  }

  const path = n => n.parent ? [...path(n.parent), n] : [n];

  function describe(n) {
    const names = path(n).map(x => x.name).join(' › ');
    if (comparing()) return `${names}: ${number(n.a)} bytes, before ${number(n.b)} (${signed(n.a - n.b)})`;
    return `${names}: ${number(n.a)} bytes, ${(100 * n.a / root.a).toFixed(2)} % of what is shown`;
  }

  function crumbs() {
    const nav = $('path');
    nav.textContent = '';
    path(current).forEach((n, i) => {
      if (i > 0) nav.append(' › ');
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = n.name;
      b.onclick = () => zoom(n);
      nav.append(b);
    });
  }

  const mostRows = 500;

  // The table has the parts of the current node or, while there is a search, what is found anywhere in it.
  function rows(query) {
    let list = sorted(current);
    if (query !== '') {
      list = [];
      const find = n => { for (const c of n.children.values()) { if (weight(c) > 0 && c.name.toLowerCase().includes(query)) list.push(c); else find(c); } };
      find(current);
      list.sort((x, y) => weight(y) - weight(x));
    }
    const body = $('rows');
    body.textContent = '';
    $('third').textContent = comparing() ? 'Change' : '%';
    for (const n of list.slice(0, mostRows)) {
      const tr = body.insertRow();
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = query !== '' ? path(n).slice(path(current).length).map(x => x.name).join(' › ') : n.name;
      b.onclick = () => zoom(n.children.size ? n : n.parent);
      tr.insertCell().append(b);
      for (const text of [number(n.a), comparing() ? signed(n.a - n.b) : (100 * n.a / current.a).toFixed(1)]) {
        const td = tr.insertCell();
        td.className = 'n';
        td.textContent = text;
      }
    }
    if (query !== '') {
      const sum = list.reduce((s, n) => s + n.a, 0);
      $('rows').insertRow().insertCell().textContent = `${number(list.length)} found, ${number(sum)} bytes`;
    }
  }

  function legend() {
    const ul = $('legend');
    ul.textContent = '';
    const entries = comparing() ? [['larger', 'hsl(14 75% var(--lightness))'], ['smaller', 'hsl(205 75% var(--lightness))'], ['the same', 'var(--neutral)']]
      : Object.keys(files[$('file').value].types).sort().map(t => [t, color({type: t})]);
    for (const [name, c] of entries) {
      const li = document.createElement('li'), s = document.createElement('span');
      s.style.background = c;
      li.append(s, name);
      ul.append(li);
    }
  }

  function zoom(n) {
    const from = current;
    current = n;
    draw();
    const box = [...$('map').children].find(b => b.node === from) || $('map').firstElementChild;
    if (box) { box.tabIndex = 0; box.focus({preventScroll: true}); }
  }

  // Rebuilds the tree and goes to the node of the same names, as far as there is one.
  function rebuild(keep) {
    const names = keep && current ? path(current).slice(1).map(n => n.name) : [];
    const base = $('base').value;
    root = build(files[$('file').value], base === '' ? null : files[base], $('group').value);
    current = root;
    for (const name of names) {
      const next = current.children.get(name);
      if (!next || next.children.size === 0) break;
      current = next;
    }
    draw();
  }

  const boxOf = e => e.target.closest && e.target.closest('.box');

  // The nearest box of the same parent in the direction of the key.
  function neighbour(box, key) {
    const mid = r => [r.left + r.width / 2, r.top + r.height / 2];
    const [x, y] = mid(box.getBoundingClientRect());
    let best = null, least = Infinity;
    for (const other of $('map').children) {
      if (other === box || other.node.parent !== box.node.parent) continue;
      const [ox, oy] = mid(other.getBoundingClientRect());
      const [along, across] = {ArrowRight: [ox - x, oy - y], ArrowLeft: [x - ox, oy - y], ArrowDown: [oy - y, ox - x], ArrowUp: [y - oy, ox - x]}[key];
      const distance = along + 2 * Math.abs(across);
      if (along > 1 && distance < least) { least = distance; best = other; }
    }
    return best;
  }

  function keys(e) {
    if (e.key === '/' && e.target !== $('search')) { e.preventDefault(); $('search').focus(); return; }
    if (e.target === $('search')) {
      if (e.key === 'Escape') { $('search').value = ''; draw(); $('map').firstElementChild?.focus(); }
      return;
    }
    if (e.target.tagName === 'SELECT' || e.ctrlKey || e.altKey || e.metaKey) return;
    if ((e.key === 'Escape' || e.key === 'Backspace') && current.parent) { e.preventDefault(); zoom(current.parent); return; }
    const box = boxOf(e);
    if (!box) return;
    if (e.key.startsWith('Arrow')) {
      e.preventDefault();
      const next = neighbour(box, e.key);
      if (next) { box.tabIndex = -1; next.tabIndex = 0; next.focus(); }
    } else if (e.key === 'Enter' || e.key === ' ') {
      e.preventDefault();
      open(box.node);
    }
  }

  // Zooms one level towards a node.
  function open(n) {
    while (n.parent !== current) n = n.parent;
    if (n.children.size > 0) zoom(n);
  }

  function theme(name) {
    document.documentElement.dataset.theme = name;
    $('theme').textContent = name === 'dark' ? 'Light' : 'Dark';
  }

  function start() {
    for (const [i, f] of files.entries()) {
      $('file').add(new Option(`${f.name} (${number(f.size)} bytes)`, i));
      $('base').add(new Option(f.name, i));
    }
    $('base').add(new Option('nothing', ''), 0);
    $('base').value = '';
    // The same file of the build before, if it is there.
    const before = files.findIndex(f => f.name === files[0].name + ' (base)');
    if (before >= 0) $('base').value = before;
    for (const id of ['file', 'base', 'group']) $(id).onchange = () => rebuild(id !== 'group');
    $('only').onchange = $('search').oninput = draw;
    $('theme').onclick = () => theme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    const map = $('map');
    map.onclick = e => { const b = boxOf(e); if (b) open(b.node); };
    map.onmouseover = map.onfocus = e => { const b = boxOf(e); if (b) $('status').textContent = describe(b.node); };
    map.addEventListener('focusin', map.onfocus);
    document.addEventListener('keydown', keys);
    new ResizeObserver(draw).observe(map);
    rebuild(false);
  }

  async function load() {
    theme(matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    const packed = Uint8Array.from(atob($('data').textContent.trim()), c => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
    files = (await new Response(stream).json()).files;
    start();
  }
  load().catch(e => { $('status').textContent = `The data of this page cannot be read: ${e}. It needs a browser of 2023 or later.`; });
})();
