import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { applyStoredTheme } from './layout/theme.js';
import './styles/tokens.css';
import './styles/elements.css';
import './styles/tables.css';
import './styles/frame.css';

applyStoredTheme();
createRoot(document.getElementById('console')!).render(<App />);
